/**
 * Says into a room's document what a store has to say: its own facts, and what others said that the document has lost.
 *
 *   numbers compared ─► a frame at the tail's end, or the record ─► blobs offered ─► all of it durable ─► the document
 *
 * Invariants
 * - Only this store's own facts, and what it puts back, are written. It is the origin of that.
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
import type { Store } from '#lib/store/store.ts'
import { framesAfter, seqsOfSubjects, subjectsInRoom, subjectsOfRoom } from '#lib/store/sync/fact-rows.ts'
import type { Incoming } from '#lib/store/sync/merge.ts'
import { recordsOf, whollyHere } from '#lib/store/sync/publication.ts'
import { findWriter, ownWriters, requireWriter } from '#lib/store/sync/replica.ts'
import type { RoomDoc } from './room-doc.ts'

export interface PublisherOptions {
  readonly store: Store
  readonly room: SharedId
  readonly doc: RoomDoc
  /** Make blobs ready for others to fetch. A host's own are. */
  readonly offerBlobs?: (ids: readonly BlobId[]) => Promise<void>
  /** Whether this store may say anything: a viewer's may not. */
  readonly mayWrite: boolean
}

export class Publisher {
  readonly #store: Store
  readonly #room: SharedId
  readonly #doc: RoomDoc
  readonly #mayWrite: boolean
  readonly #offerBlobs: PublisherOptions['offerBlobs']
  /** Of which there is more than a record may hold. */
  readonly #tooLarge = new Set<Subject>()

  constructor({ store, room, doc, offerBlobs, mayWrite }: PublisherOptions) {
    this.#store = store
    this.#room = room
    this.#doc = doc
    this.#offerBlobs = offerBlobs
    this.#mayWrite = mayWrite
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

  /** Say what the document lacks of some subjects. Fails as the store does, and as `offerBlobs`. */
  async publish(subjects: readonly Subject[]): Promise<void> {
    if (!this.#mayWrite) return
    const behind = await this.#behind(subjects)
    if (behind.length === 0) return
    const frames: (Told & { readonly frame: Uint8Array })[] = []
    const whole: Told[] = []
    for (const { subject, writer, seq, isOpen } of behind) {
      const frame = seq === 0 || !isOpen ? null : await this.#frameAfter(subject, seq)
      if (frame === null || this.#isTailFull(subject, writer, frame)) whole.push({ subject, writer })
      else frames.push({ subject, writer, frame })
    }
    const records = await this.#recordsOf(whole)
    await this.#offer([
      ...records.flatMap(({ facts }) => blobsOfFacts(facts)),
      ...frames.flatMap(({ frame }) => blobsOfFacts(decodeFacts(frame, NO_LISTS)))
    ])
    await this.#untilDurable()
    this.#putRecords(records, null)
    this.#doc.doc.transact(() => {
      for (const { subject, writer, frame } of frames) this.#doc.appendFrame(subject, writer, frame)
    }, this)
  }

  /** In transactions of about `SYNC.publishBytes`: what goes over a socket in one piece holds up the rest. */
  #putRecords(records: readonly Incoming[], rescuer: Writer | null): void {
    for (let next = 0; next < records.length;)
      this.#doc.doc.transact(() => {
        for (let bytes = 0; next < records.length && bytes < SYNC.publishBytes; next++) {
          const { subject, writer, facts } = records[next]!
          const length = this.#doc.putRecord(subject, writer, facts, rescuer)
          if (length === null) this.#tooLarge.add(subject)
          bytes += length ?? 0
        }
      }, this)
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

  /** What this store said under any of its names, by subject of this room, where the document lacks some; and up to which it has it. */
  async #behind(subjects: readonly Subject[]): Promise<(Told & { seq: number; isOpen: boolean })[]> {
    const { self, names, seqs, ours } = await this.#store.read(async (r) => {
      const self = await findWriter(r)
      return {
        self,
        names: await ownWriters(r),
        seqs: await seqsOfSubjects(r, self, subjects),
        ours: await subjectsInRoom(r, this.#room, subjects)
      }
    })
    return subjects.flatMap((subject) => {
      // What left for another room is told of here, too, once it was.
      if (!ours.has(subject) && !this.#doc.has(subject)) return []
      if (this.#tooLarge.has(subject)) return []
      const told = this.#doc.seqsOf(subject)
      return [...(seqs.get(subject) ?? [])].flatMap(([writer, own]) => {
        const seq = told.get(writer) ?? 0
        return names.has(writer) && own > seq ? [{ subject, writer, seq, isOpen: writer === self }] : []
      })
    })
  }

  /** Own facts after `seq` as one frame; null when they can only be told with the record. */
  async #frameAfter(subject: Subject, seq: number): Promise<Uint8Array | null> {
    const frames = await this.#store.read((r) => framesAfter(r, subject, seq))
    if (frames[0]?.seq !== seq + 1) return null
    const all = frames.map(({ frame }) => decodeFacts(frame, NO_LISTS))
    const counts = all.flatMap(({ series }) => series.map(({ points }) => countOf(points)))
    if (counts.reduce((sum, count) => sum + count, 0) > SYNC.framePoints) return null
    const bytes = frames.length === 1 ? frames[0].frame : encodeFacts(all.reduce(foldFacts))
    return bytes.length <= SYNC.frameBytes ? bytes : null
  }

  #isTailFull(subject: Subject, self: Writer, frame: Uint8Array): boolean {
    const tail = this.#doc.tailOf(subject, self)
    return tail.bytes + frame.length > SYNC.tailBytes || endsRun(frame)
  }

  async #offer(ids: readonly BlobId[]): Promise<void> {
    if (ids.length > 0) await this.#offerBlobs?.([...new Set(ids)])
  }

  // ── what was lost ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Put back what others said and the document has lost: they may be gone. Fails as `publish` does. */
  async putBack(): Promise<void> {
    if (!this.#mayWrite) return
    const { names, subjects, seqs } = await this.#store.read(async (r) => {
      const subjects = await whollyHere(r, await subjectsOfRoom(r, this.#room))
      return { names: await ownWriters(r), subjects, seqs: await seqsOfSubjects(r, await findWriter(r), subjects) }
    })
    const lost = subjects.filter((subject) => this.#isLost(subject, names, seqs.get(subject)))
    if (lost.length > 0) {
      const self = await this.#store.write(requireWriter)
      for (let from = 0; from < lost.length; from += SYNC.mergeSubjects)
        await this.#putBackThese(self, lost.slice(from, from + SYNC.mergeSubjects), names, seqs)
    }
    this.#doc.doc.transact(() => {
      for (const subject of subjects) this.#doc.dropRescued(subject, names)
    }, this)
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
    this.#putRecords(records, self)
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
