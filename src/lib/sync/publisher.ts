/**
 * Says into a room's document what a store has to say: its own facts, and what others said that the document has lost.
 *
 *   numbers compared ─► waiting ─► a frame at the tail's end, or the record ─► blobs offered ─► all of it durable ─► the document
 *
 * Where a document goes over a socket, what waits is written while its outbound says so, a piece at a time, and nobody waits for that.
 *
 * Invariants
 * - Only this store's own facts, and what it puts back, are written. It is the origin of that.
 * - What waits is compared with the document again when its turn comes: one at a time writes.
 * - A blob is where others can fetch it before anything says its name, and nothing is said that may be lost yet.
 */
import type { BlobId } from '#lib/domain/ids.ts'
import { describeChunk } from '#lib/domain/chunk/chunk.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { blobsOfFacts } from '#lib/domain/sync/blobs-of-facts.ts'
import { decodeFacts, encodeFacts } from '#lib/domain/sync/facts-codec.ts'
import type { Subject, Writer } from '#lib/domain/sync/facts.ts'
import { foldFacts } from '#lib/domain/sync/record.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { Reader } from '#lib/store/database.ts'
import type { Store } from '#lib/store/store.ts'
import { framesAfter, seqsOfSubjects, subjectsInRoom, subjectsOfRoom } from '#lib/store/sync/fact-rows.ts'
import type { Incoming } from '#lib/store/sync/merge.ts'
import { recordsOf, whollyHere } from '#lib/store/sync/publication.ts'
import { findWriter, ownWriters, requireWriter } from '#lib/store/sync/replica.ts'
import type { Outbound } from './outbound.ts'
import type { RoomDoc } from './room-doc.ts'

export interface PublisherOptions {
  readonly store: Store
  readonly room: SharedId
  readonly doc: RoomDoc
  /** Make blobs ready for others to fetch. A host's own are. */
  readonly offerBlobs?: (ids: readonly BlobId[]) => Promise<void>
  /** Whether this store may say anything: a viewer's may not. */
  readonly mayWrite: boolean
  /** When what waits may go into a document that is a host's; a host's own, without it, takes all at once. */
  readonly outbound?: Outbound
}

export class Publisher {
  readonly #store: Store
  readonly #room: SharedId
  readonly #doc: RoomDoc
  readonly #mayWrite: boolean
  readonly #offerBlobs: PublisherOptions['offerBlobs']
  readonly #outbound: Outbound | undefined
  /** Subjects of which the document lacks some, and which time that was found last: it may be again while it is being written. */
  readonly #waiting: Map<Subject, number>
  #times = 0
  #isLossDue = false
  /** Of which there is more than a record may hold. */
  readonly #tooLarge = new Set<Subject>()

  constructor({ store, room, doc, offerBlobs, mayWrite, outbound }: PublisherOptions) {
    this.#store = store
    this.#room = room
    this.#doc = doc
    this.#offerBlobs = offerBlobs
    this.#mayWrite = mayWrite
    this.#outbound = outbound
    this.#waiting = outbound?.waiting ?? new Map<Subject, number>()
  }

  /** Whether anything was left, as there is more of it than a record may hold. */
  get hasLeftAny(): boolean {
    return this.#tooLarge.size > 0
  }

  /** What was left; it is tried again when it is next published. */
  takeLeft(): Subject[] {
    const left = [...this.#tooLarge]
    this.#tooLarge.clear()
    return left
  }

  /**
   * Say what the document lacks of some subjects. Resolves when it is said; where it goes over a socket, when it is known to wait.
   *
   * fails  as the store does, and as `offerBlobs`; over a socket that is its outbound's problem
   */
  async publish(subjects: readonly Subject[]): Promise<void> {
    if (!this.#mayWrite) return
    const behind = await this.#store.read((r) => behindIn(r, this.#room, this.#doc, subjects))
    this.#times++
    for (const { subject } of behind) if (!this.#tooLarge.has(subject)) this.#waiting.set(subject, this.#times)
    await this.#sendSoon()
  }

  async #sendSoon(): Promise<void> {
    if (this.#waiting.size === 0 && !this.#isLossDue) return
    if (this.#outbound === undefined) await this.#send()
    else this.#outbound.send(() => this.#send())
  }

  /** Everything that waits. Returns what the person is told of what could not be said. */
  async #send(): Promise<string | null> {
    while (this.#waiting.size > 0 || this.#isLossDue) {
      await this.#outbound?.ready()
      if (this.#waiting.size > 0) await this.#sendSome([...this.#waiting.keys()].slice(0, SYNC.publishSubjects))
      else await this.#putBackLost()
    }
    return this.hasLeftAny ? TOO_LARGE : null
  }

  async #sendSome(subjects: readonly Subject[]): Promise<void> {
    const times = this.#times
    const { frames, whole } = await this.#compare(subjects)
    const records = await this.#recordsOf(whole)
    await this.#offer([
      ...records.flatMap(({ facts }) => blobsOfFacts(facts)),
      ...frames.flatMap(({ frame }) => blobsOfFacts(decodeFacts(frame, NO_LISTS)))
    ])
    await this.#untilDurable()
    await this.#put([
      ...this.#recordsToPut(records, null),
      ...frames.map(({ subject, writer, frame }) => ({
        subject,
        put: () => {
          this.#doc.appendFrame(subject, writer, frame)
          return frame.length
        }
      }))
    ])
    // What was said meanwhile waits still.
    for (const subject of subjects) if (this.#waiting.get(subject)! <= times) this.#waiting.delete(subject)
  }

  /**
   * What the document lacks: as frames where they will do; of the rest, who said it of what. In one look: a store that takes another name
   * meanwhile would have frames of that in the place of the old one's.
   */
  #compare(
    subjects: readonly Subject[]
  ): Promise<{ readonly frames: readonly Frame[]; readonly whole: readonly Told[] }> {
    return this.#store.read(async (r) => {
      const frames: Frame[] = []
      const whole: Told[] = []
      for (const { subject, writer, seq, isOpen } of await behindIn(r, this.#room, this.#doc, subjects)) {
        if (this.#tooLarge.has(subject)) continue
        const frame = seq === 0 || !isOpen ? null : await frameAfter(r, subject, seq)
        if (frame === null || this.#isTailFull(subject, writer, frame)) whole.push({ subject, writer })
        else frames.push({ subject, writer, frame })
      }
      return { frames, whole }
    })
  }

  /** In transactions of about `SYNC.publishBytes`: what goes over a socket in one piece holds up the rest. */
  async #put(pieces: readonly Piece[]): Promise<void> {
    for (let next = 0; next < pieces.length;) {
      await this.#outbound?.ready()
      const first = next
      this.#doc.doc.transact(() => {
        for (let bytes = 0; next < pieces.length && bytes < SYNC.publishBytes; next++) bytes += pieces[next]!.put()
      }, this)
      for (const { subject } of pieces.slice(first, next)) this.#outbound?.wrote(subject)
    }
  }

  #recordsToPut(records: readonly Incoming[], rescuer: Writer | null): Piece[] {
    return records.map(({ subject, writer, facts }) => ({
      subject,
      put: () => {
        const length = this.#doc.putRecord(subject, writer, facts, rescuer)
        if (length === null) this.#tooLarge.add(subject)
        return length ?? 0
      }
    }))
  }

  async #recordsOf(told: readonly Told[]): Promise<Incoming[]> {
    if (told.length === 0) return []
    const names = new Set(told.map(nameOf))
    const subjects = [...new Set(told.map(({ subject }) => subject))]
    return recordsOf(
      this.#store,
      subjects,
      (subject, writer) => names.has(nameOf({ subject, writer })),
      (subject) => this.#tooLarge.add(subject)
    )
  }

  /** What was read may be lost yet, and its numbers given to something else. */
  async #untilDurable(): Promise<void> {
    await this.#store.write(() => Promise.resolve())
  }

  #isTailFull(subject: Subject, self: Writer, frame: Uint8Array): boolean {
    const tail = this.#doc.tailOf(subject, self)
    return tail.bytes + frame.length > SYNC.tailBytes || endsRun(frame)
  }

  async #offer(ids: readonly BlobId[]): Promise<void> {
    if (ids.length > 0) await this.#offerBlobs?.([...new Set(ids)])
  }

  // ── what was lost ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Put back what others said and the document has lost: they may be gone. Resolves, and fails, as `publish` does. */
  async putBack(): Promise<void> {
    if (!this.#mayWrite) return
    this.#isLossDue = true
    await this.#sendSoon()
  }

  async #putBackLost(): Promise<void> {
    const { names, subjects, seqs } = await this.#store.read(async (r) => {
      const subjects = await whollyHere(r, await subjectsOfRoom(r, this.#room))
      return { names: await ownWriters(r), subjects, seqs: await seqsOfSubjects(r, await findWriter(r), subjects) }
    })
    const lost = subjects.filter((subject) => this.#isLost(subject, names, seqs.get(subject)))
    if (lost.length > 0) {
      const self = await this.#store.write(requireWriter)
      for (let from = 0; from < lost.length; from += SYNC.publishSubjects)
        await this.#putBackThese(self, lost.slice(from, from + SYNC.publishSubjects), names, seqs)
    }
    this.#doc.doc.transact(() => {
      for (const subject of subjects) this.#doc.dropRescued(subject, names)
    }, this)
    this.#isLossDue = false
  }

  async #putBackThese(
    self: Writer,
    lost: readonly Subject[],
    names: ReadonlySet<Writer>,
    seqs: ReadonlyMap<Subject, ReadonlyMap<Writer, number>>
  ): Promise<void> {
    const records = await recordsOf(
      this.#store,
      lost,
      (subject, writer) => !names.has(writer) && this.#lacks(subject, writer, seqs.get(subject)?.get(writer) ?? 0)
    )
    await this.#offer(records.flatMap(({ facts }) => blobsOfFacts(facts)))
    await this.#untilDurable()
    await this.#put(this.#recordsToPut(records, self))
  }

  #isLost(subject: Subject, names: ReadonlySet<Writer>, seqs: ReadonlyMap<Writer, number> | undefined): boolean {
    return [...(seqs ?? [])].some(([writer, seq]) => !names.has(writer) && this.#lacks(subject, writer, seq))
  }

  /** Whether the document has less of what this store said, under any of its names, than the store has. */
  lacksAny(subject: Subject, names: ReadonlySet<Writer>, seqs: ReadonlyMap<Writer, number> | undefined): boolean {
    return [...(seqs ?? [])].some(([writer, seq]) => names.has(writer) && this.#lacks(subject, writer, seq))
  }

  #lacks(subject: Subject, writer: Writer, seq: number): boolean {
    return (this.#doc.seqsOf(subject).get(writer) ?? 0) < seq
  }
}

/** What one name said of one subject. */
interface Told {
  readonly subject: Subject
  readonly writer: Writer
}

interface Frame extends Told {
  readonly frame: Uint8Array
}

/** Something of a subject that goes into the document; `put` says it, and returns its bytes. */
interface Piece {
  readonly subject: Subject
  readonly put: () => number
}

/** What a store said of a subject under one of its names, of which a document has it up to `seq`. */
export interface Behind extends Told {
  readonly seq: number
  /** Whether that is the name it writes under now. */
  readonly isOpen: boolean
}

/** What this store said under any of its names, by subject of a room, where the document lacks some; and up to which it has it. */
export async function behindIn(
  r: Reader,
  room: SharedId,
  doc: RoomDoc,
  subjects: readonly Subject[]
): Promise<Behind[]> {
  const self = await findWriter(r)
  const names = await ownWriters(r)
  const seqs = await seqsOfSubjects(r, self, subjects)
  const ours = await subjectsInRoom(r, room, subjects)
  return subjects.flatMap((subject) => {
    // What left for another room is told of here, too, once it was.
    if (!ours.has(subject) && !doc.has(subject)) return []
    const told = doc.seqsOf(subject)
    return [...(seqs.get(subject) ?? [])].flatMap(([writer, own]) => {
      const seq = told.get(writer) ?? 0
      return names.has(writer) && own > seq ? [{ subject, writer, seq, isOpen: writer === self }] : []
    })
  })
}

/** Own facts after `seq` as one frame; null when they can only be told with the record. */
async function frameAfter(r: Reader, subject: Subject, seq: number): Promise<Uint8Array | null> {
  const frames = await framesAfter(r, subject, seq)
  if (frames[0]?.seq !== seq + 1) return null
  const all = frames.map(({ frame }) => decodeFacts(frame, NO_LISTS))
  const counts = all.flatMap(({ series }) => series.map(({ points }) => countOf(points)))
  if (counts.reduce((sum, count) => sum + count, 0) > SYNC.framePoints) return null
  const bytes = frames.length === 1 ? frames[0].frame : encodeFacts(all.reduce(foldFacts))
  return bytes.length <= SYNC.frameBytes ? bytes : null
}

/** What a person is told of a run that was left out. */
export const TOO_LARGE =
  'A run has more params, tags, files or points in disorder than can be shared: what was changed in it stays here.'

const nameOf = ({ subject, writer }: Told): string => `${subject}:${writer}`

/** Own frames say their keys themselves. */
const NO_LISTS = { find: () => null }

/** Points that are not in their frame are too many for one. */
const countOf = (points: Uint8Array | null): number => (points === null ? Infinity : describeChunk(points).count)

/** Whether a frame ends a run: its record then says the rest, and nothing is left behind. */
function endsRun(frame: Uint8Array): boolean {
  const status = decodeFacts(frame, NO_LISTS).cells.find(({ field }) => field === 's')?.value
  return Array.isArray(status) && status[0] !== 'RUNNING' && status[0] !== 'SCHEDULED'
}
