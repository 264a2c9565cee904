/**
 * Keeps one store and one room's document at one, whichever of them is ahead. The same on every peer, in a browser and in the host.
 *
 *   document ─► facts the store lacks ─► mergeFacts ─► rows
 *   store ─► own facts the document lacks ─► frames at a tail's end, or the record
 *   store ─► facts of others that the document has lost ─► put back, after a while
 *
 * Invariants
 * - Which facts are missing where is found by comparing numbers, never remembered: a start, a reconnection and a live change are one.
 * - Each key of the document has one writer; what this store says there is publisher.ts's.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import type { BlobId } from '#lib/domain/ids.ts'
import { SYNC } from '#lib/domain/limits.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import { experimentSubject, modelSubject, REGISTRY, runSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import type { Change } from '#lib/store/changes.ts'
import type { Store } from '#lib/store/store.ts'
import { seqsOfSubjects, subjectsOfRoom } from '#lib/store/sync/fact-rows.ts'
import type { Incoming } from '#lib/store/sync/merge.ts'
import { mergeReadable } from '#lib/store/sync/merge-readable.ts'
import { becomeNewWriter } from '#lib/store/sync/new-writer.ts'
import { findWriter, ownWriters } from '#lib/store/sync/replica.ts'
import { strangersTo } from '#lib/store/sync/standing.ts'
import { AwaitedBlobs } from './awaited-blobs.ts'
import { LeftOut } from './left-out.ts'
import { Publisher, TOO_LARGE, type PublisherOptions } from './publisher.ts'
import type { RoomDoc } from './room-doc.ts'
import { later, type Later } from './later.ts'

export interface ReplicatorOptions extends PublisherOptions {
  /** Get a blob that points wait for, and keep it; false when it is not to be had now. A host has all that rooms name. */
  readonly fetchBlob?: (id: BlobId) => Promise<boolean>
  /** How long changes are gathered before they are published, ms. */
  readonly gatherMs?: number
  /** How long the first part that was merged has the store to itself, ms: somebody waits to see it. No time unless said. */
  readonly restMs?: number
  /** After how long facts of others that were lost are put back, ms; null for never. */
  readonly rescueAfterMs?: () => number | null
  readonly onState?: (state: ReplicatorState) => void
  /** Timers, but for tests. */
  readonly later?: Later
}

export interface ReplicatorState {
  /** Own facts that the document does not have yet, in subjects. */
  readonly unpublished: number
  /** Why something could not be merged or published: shown to the person; null when all is well. */
  readonly problem: string | null
}

export class Replicator {
  readonly #store: Store
  readonly #room: SharedId
  readonly #doc: RoomDoc
  readonly #options: ReplicatorOptions
  readonly #publisher: Publisher
  readonly #awaited: AwaitedBlobs
  readonly #left = new LeftOut()
  readonly #unsubscribe: (() => void)[] = []
  /** Subjects of which the document may have news, and of which the store may. */
  #toMerge = new Set<Subject>()
  #toPublish = new Set<Subject>()
  readonly #later: Later
  #cancelFlush: (() => void) | null = null
  #cancelRescue: (() => void) | null = null
  #cancelAhead: (() => void) | null = null
  #work: Promise<void> = Promise.resolve()
  /** Subjects that are merged next in one transaction: few at first, so that there soon is something to look at. */
  #part: number = SYNC.firstSubjects
  readonly #begun = Promise.withResolvers<void>()
  #isClosed = false

  constructor(options: ReplicatorOptions) {
    this.#store = options.store
    this.#room = options.room
    this.#doc = options.doc
    this.#options = options
    this.#publisher = new Publisher(options)
    this.#later = options.later ?? later
    this.#awaited = new AwaitedBlobs({ ...options, later: this.#later, onTaken: () => this.#onTaken() })
  }

  /** Begin to follow both, and bring them together. Resolves when what was there has been merged and published. */
  async start(): Promise<void> {
    this.#unsubscribe.push(
      this.#doc.subscribe((subjects, origin) => {
        if (origin === this.#publisher) return
        for (const subject of subjects) this.#toMerge.add(subject)
        this.#schedule(0)
      }),
      this.#store.changes.subscribe((change) => this.#onCommit(change)),
      this.#store.changes.subscribeToLoss(() => void this.reconcile())
    )
    await this.reconcile()
    // Some may have come since they were last asked for.
    void this.takeAwaited()
  }

  /** Compare everything. Resolves when both are at one, or a problem was noted. */
  async reconcile(): Promise<void> {
    const subjects = await this.#store.read((r) => subjectsOfRoom(r, this.#room))
    for (const subject of this.#doc.newestFirst()) {
      this.#toMerge.add(subject)
      this.#toPublish.add(subject)
    }
    for (const subject of subjects) this.#toPublish.add(subject)
    await this.flush()
    this.#planRescue()
  }

  /** Resolves when the newest of what was there is in the store, or something went wrong that the state tells of. */
  begun(): Promise<void> {
    return this.#begun.promise
  }

  /** Merge and publish what waits. Never fails: what went wrong is the state's problem. */
  flush(): Promise<void> {
    this.#cancelFlush?.()
    this.#cancelFlush = null
    this.#work = this.#work.then(() => this.#workOff())
    return this.#work
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#cancelFlush?.()
    this.#cancelRescue?.()
    this.#cancelAhead?.()
    await this.#work
    await this.#awaited.close()
  }

  #onCommit(change: Change): void {
    const subjects = this.#room === REGISTRY ? [...change.registered] : touchedBy(change, this.#room)
    if (subjects.length === 0) return
    for (const subject of subjects) {
      this.#toPublish.add(subject)
      // What another room lets go may have been told of here before.
      if (change.kinds.has('leaving') && this.#doc.has(subject)) this.#toMerge.add(subject)
    }
    this.#schedule(this.#options.gatherMs ?? SYNC.gatherMs)
  }

  #schedule(afterMs: number): void {
    if (this.#cancelFlush !== null || this.#isClosed) return
    this.#cancelFlush = this.#later(() => void this.flush(), afterMs)
  }

  async #workOff(): Promise<void> {
    try {
      while (!this.#isClosed && this.#toMerge.size + this.#toPublish.size > 0) {
        if (this.#toMerge.size > 0) await this.#mergeSome()
        else await this.#publisher.publish(take(this.#toPublish, SYNC.mergeSubjects))
        // A host's store answers in the same turn: without this, ten thousand runs would be one.
        if (this.#toMerge.size + this.#toPublish.size > 0) await nextTurn()
      }
      this.#say(this.#publisher.hasLeftAny ? TOO_LARGE : this.#left.problem)
      this.#planAhead()
    } catch (error) {
      if (this.#isClosed) return
      this.#say(error instanceof Error ? error.message : String(error))
      if (!(error instanceof RunnelError))
        console.warn('Runnel: a shared experiment could not be brought up to date.', error)
      // What was taken may not have been done: everything is compared again, later.
      this.#later(() => this.#isClosed || void this.reconcile(), SYNC.retryMs)
    } finally {
      this.#begun.resolve()
    }
  }

  #say(problem: string | null): void {
    this.#options.onState?.({ unpublished: this.#toPublish.size, problem })
  }

  // ── document to store ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #mergeSome(): Promise<void> {
    await this.#merge(take(this.#toMerge, this.#part))
    const isFirst = this.#part === SYNC.firstSubjects
    this.#part = Math.min(this.#part + SYNC.firstSubjects, SYNC.mergeSubjects)
    this.#begun.resolve()
    const { restMs = 0 } = this.#options
    if (isFirst && restMs > 0 && this.#toMerge.size > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
  }

  async #merge(subjects: readonly Subject[]): Promise<void> {
    const incoming = await this.#newIn(subjects)
    if (incoming.length === 0) return
    const { isCopy, unreadable } = await mergeReadable(this.#store, this.#room, incoming)
    this.#left.noteUnreadable(unreadable)
    void this.takeAwaited()
    if (!isCopy) return
    await becomeNewWriter(this.#store)
    for (const subject of this.#doc.subjects()) this.#toMerge.add(subject)
    for (const subject of await this.#store.read((r) => subjectsOfRoom(r, this.#room))) this.#toPublish.add(subject)
  }

  /** Let points come to their series whose blobs are here, or can be fetched. Never fails: the rest waits. */
  takeAwaited(): Promise<void> {
    return this.#awaited.take()
  }

  /** Points have come. What waited for them may have been more than a record can say. */
  #onTaken(): void {
    for (const subject of this.#publisher.takeLeft()) this.#toPublish.add(subject)
    this.#schedule(0)
  }

  /** What the document has and the store has not. Own facts among them, which show that this store is a copy. */
  async #newIn(subjects: readonly Subject[]): Promise<Incoming[]> {
    const { seqs, names, strangers } = await this.#store.read(async (r) => ({
      seqs: await seqsOfSubjects(r, await findWriter(r), subjects),
      names: await ownWriters(r),
      strangers: this.#room === REGISTRY ? null : await strangersTo(r, this.#room, subjects)
    }))
    const { clock } = this.#store.replica
    const incoming: Incoming[] = []
    for (const subject of subjects) {
      // Whoever wrote there under one of this store's names may have put less in the place of more.
      if (this.#publisher.lacksAny(subject, names, seqs.get(subject))) this.#toPublish.add(subject)
      this.#left.forget(subject)
      for (const entry of this.#doc.entriesOf(subject)) {
        // What another room told of: that this one does, too, is news.
        const isKnown = entry.header.to <= (seqs.get(subject)?.get(entry.writer) ?? 0)
        if (isKnown && !strangers?.has(subject)) continue
        if (clock.isAhead(entry.header.hlc, SYNC.aheadMs)) {
          this.#left.noteAhead(subject, entry.header.hlc)
          continue
        }
        const facts = this.#doc.decode(entry)
        if (facts !== null) incoming.push({ subject, writer: entry.writer, facts })
        else this.#left.noteUnreadable([{ subject, error: NO_FACTS }])
      }
    }
    return incoming
  }

  /** What is of a time to come is looked at again now and then: that comes, or a clock is set right. */
  #planAhead(): void {
    if (this.#cancelAhead !== null || this.#isClosed || this.#left.ahead.size === 0) return
    this.#cancelAhead = this.#later(() => {
      this.#cancelAhead = null
      for (const subject of this.#left.ahead) this.#toMerge.add(subject)
      void this.flush()
    }, SYNC.aheadMs)
  }

  // ── what was lost ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #planRescue(): void {
    this.#cancelRescue?.()
    const after = this.#options.rescueAfterMs?.() ?? null
    if (after === null || !this.#options.mayWrite || this.#isClosed) return
    this.#cancelRescue = this.#later(() => void this.rescue(), after)
  }

  /** Put back what others said and the document has not: it was lost, and they may be gone. Never fails. */
  rescue(): Promise<void> {
    this.#work = this.#work.then(async () => {
      try {
        if (!this.#isClosed) await this.#publisher.putBack()
      } catch (error) {
        console.warn('Runnel: facts of others could not be put back.', error)
      }
    })
    return this.#work
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

const NO_FACTS = new RunnelError('DATA_LOSS', 'They are no facts, or of a form that is not known here.')

/** What of an experiment there may be something new to say of. */
function touchedBy({ kinds, runs, experiments, models }: Change, room: SharedId): Subject[] {
  if (![...kinds].some((kind) => TOLD.has(kind))) return []
  return [
    ...Array.from(runs, runSubject),
    ...Array.from(models, modelSubject),
    ...(experiments.size > 0 ? [experimentSubject(room)] : [])
  ]
}

const TOLD = new Set<string>([
  'experiment',
  'run',
  'param',
  'metric',
  'tag',
  'dataset',
  'artifact',
  'logged-model',
  'comment',
  'room',
  'leaving'
])

/** Some of a set, which has them no longer. */
function take<T>(set: Set<T>, most: number): T[] {
  const taken: T[] = []
  for (const one of set) {
    if (taken.length === most) break
    taken.push(one)
  }
  for (const one of taken) set.delete(one)
  return taken
}
