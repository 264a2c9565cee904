/**
 * The join of a store and a file, or of a store and another store's database.
 *
 *   for each experiment, then the model registry: all that is said of it is read ─► blobs, checked ─► facts, as of any other store ─► points that waited for blobs
 *
 * - Nothing of an experiment is written before all of its facts have been read. One that cannot be read is left out and said; others come.
 * - A blob is here before anything names it, and its name is what its bytes come to.
 * - Merged again, nothing is new.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import { DEFAULT_EXPERIMENT_ID, type BlobId, type ExperimentId, type RunId } from '#lib/domain/ids.ts'
import { filesOfFacts, sealedOfFacts } from '#lib/domain/sync/blobs-of-facts.ts'
import { msOfHlc } from '#lib/domain/sync/clock.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import { experimentSubject, parseSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import type { EpochMs } from '#lib/domain/time.ts'
import { damaged } from '#lib/domain/zip/zip-reader.ts'
import { getExperiments } from '../experiments.ts'
import { getRunInfos } from '../runs.ts'
import type { Store } from '../store.ts'
import { takeBlob } from '../sync/awaited.ts'
import { awaitedBlobs } from '../sync/awaited-rows.ts'
import { latestOf } from '../sync/fact-rows.ts'
import { mergeFacts } from '../sync/merge.ts'
import { becomeNewWriter } from '../sync/new-writer.ts'
import { findRoom, roomOfExperiment, type Room } from '../sync/rooms.ts'
import { joinRoom, shareExperiment } from '../sync/sharing.ts'
import { defaultNumberOf } from './default-number.ts'
import { mergeRegistry, type MergedRegistry } from './filed-registry.ts'
import type { MergeSource } from './merge-source.ts'
import type { FileProgress } from './progress.ts'

/** What came of one experiment. */
export interface MergedExperiment {
  readonly experimentId: ExperimentId
  readonly name: string
  /** It was not here before. */
  readonly isNew: boolean
  readonly newRuns: number
  /** Runs that were here, of which something was new. */
  readonly changedRuns: number
  /** Whether anything was new, in its runs or elsewhere. */
  readonly isChanged: boolean
  /** Files and sealed points that neither the file nor this store has: shown as not here yet. */
  readonly missingFiles: number
  readonly missingPoints: number
  /** Those that are larger than this store takes. */
  readonly tooLarge: number
  /** What was said at times to come was left; null when nothing was. It can be taken once this machine's clock is past this. */
  readonly aheadUntil: EpochMs | null
}

export interface MergeOutcome {
  readonly experiments: readonly MergedExperiment[]
  /** Null where nothing of it was there, or taken. */
  readonly registry: MergedRegistry | null
  /** Experiments of which nothing was taken, and why. */
  readonly failed: readonly { readonly name: string; readonly message: string }[]
  /** Whether it was stopped before the end: what is named above came whole. */
  readonly isStopped: boolean
}

/** Fails as the store does when it cannot keep what comes; what it kept stays, and the rest comes when it is merged again. */
export async function mergeSource(store: Store, source: MergeSource, progress: FileProgress): Promise<MergeOutcome> {
  const experiments: MergedExperiment[] = []
  const failed: MergeOutcome['failed'][number][] = []
  let registry: MergedRegistry | null = null
  const parts = [
    ...source.experiments.map(({ id, name }) => ({
      name,
      merge: async () => void experiments.push(await new ExperimentMerge(store, source, id, progress).run())
    })),
    // After the runs that versions came from.
    { name: 'Models', merge: async () => void (registry = await mergeRegistry(store, source, progress)) }
  ]
  for (const { name, merge } of parts) {
    try {
      await merge()
    } catch (error) {
      if (progress.isStopped) return { experiments, registry, failed, isStopped: true }
      // What is wrong with the file is wrong with this part of it; a store that cannot write is another matter.
      if (!(error instanceof RunnelError) || !['DATA_LOSS', 'INVALID_PARAMETER_VALUE'].includes(error.code)) throw error
      failed.push({ name, message: error.message })
    }
  }
  return { experiments, registry, failed, isStopped: false }
}

/** What is said of an experiment, looked through before any of it is taken. */
interface Survey {
  readonly subjects: number
  readonly files: ReadonlySet<BlobId>
  readonly sealed: ReadonlySet<BlobId>
  readonly latest: number
}

class ExperimentMerge {
  readonly #store: Store
  readonly #source: MergeSource
  readonly #id: SharedId
  readonly #progress: FileProgress

  constructor(store: Store, source: MergeSource, id: SharedId, progress: FileProgress) {
    this.#store = store
    this.#source = source
    this.#id = id
    this.#progress = progress
  }

  async run(): Promise<MergedExperiment> {
    const survey = await this.#survey()
    const isHere = await this.#isHere()
    const { tooLarge, missing } = await this.#bringBlobs([...new Set([...survey.files, ...survey.sealed])])
    this.#progress.begin('facts', survey.subjects)
    const room = await this.#join()
    const merged = await this.#merge(room)
    await this.#takeAwaited(survey.sealed)
    const [experiment] = await this.#store.read((r) => getExperiments(r, [room.experimentId]))
    return {
      experimentId: room.experimentId,
      name: experiment?.name ?? '',
      isNew: !isHere,
      newRuns: merged.newRuns.size,
      changedRuns: merged.changedRuns.size,
      isChanged: !isHere || merged.changed.size > 0,
      missingFiles: count(survey.files, missing),
      missingPoints: count(survey.sealed, missing),
      tooLarge,
      aheadUntil: merged.isAhead ? msOfHlc(survey.latest) : null
    }
  }

  async #survey(): Promise<Survey> {
    const files = new Set<BlobId>()
    const sealed = new Set<BlobId>()
    let [latest, subjects] = [0, 0]
    for await (const records of this.#source.records(this.#id)) {
      subjects += new Set(records.map(({ subject }) => subject)).size
      for (const { subject, facts } of records) {
        if (subject.startsWith('x') && subject !== experimentSubject(this.#id))
          throw damaged('facts in it are of another experiment')
        for (const id of filesOfFacts(facts)) files.add(id)
        for (const id of sealedOfFacts(facts)) sealed.add(id)
        latest = Math.max(latest, latestOf(facts))
      }
    }
    return { files, sealed, latest, subjects }
  }

  async #isHere(): Promise<boolean> {
    return this.#store.read(async (r) => {
      const copies = await getExperiments(r, [this.#id as string as ExperimentId])
      return copies.length > 0 || (await findRoom(r, this.#id)) !== null
    })
  }

  /** What came as a file is everybody's who has it: they may share it further. What is shared already stays as it is. */
  async #join(): Promise<Room> {
    const store = this.#store
    const known = await store.read((r) => findRoom(r, this.#id))
    if (known !== null) return known
    const isOwnDefault =
      this.#id === (await defaultNumberOf(store)) &&
      (await store.read((r) => roomOfExperiment(r, DEFAULT_EXPERIMENT_ID))) === null
    if (isOwnDefault) return shareExperiment(store, DEFAULT_EXPERIMENT_ID, '', this.#id)
    return joinRoom(store, this.#id, 'owner', '')
  }

  // ── blobs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #bringBlobs(
    ids: readonly BlobId[]
  ): Promise<{ readonly tooLarge: number; readonly missing: ReadonlySet<BlobId> }> {
    const { blobsHere } = this.#store
    const missing = new Set<BlobId>()
    let tooLarge = 0
    this.#progress.begin(
      'bytes',
      ids.reduce((sum, id) => sum + (this.#source.blob(id)?.size ?? 0), 0)
    )
    for (const id of ids) {
      const blob = this.#source.blob(id)
      if (blob !== null && blob.size <= blobsHere.maxBytes) {
        // Put again even when it is here: it is checked, and young again until something names it.
        const { blobId } = await blobsHere.put(blob.open(blobsHere.maxBytes))
        if (blobId !== id) throw damaged('the bytes of a file in it are not those that were written')
        this.#progress.step(blob.size)
        continue
      }
      if ((await blobsHere.get(id)) !== null) continue
      if (blob === null) missing.add(id)
      else tooLarge++
    }
    return { tooLarge, missing }
  }

  /** Let points come to their series that waited for a blob which is here. */
  async #takeAwaited(sealed: ReadonlySet<BlobId>): Promise<void> {
    for (const id of await this.#store.read(awaitedBlobs))
      if (sealed.has(id) && (await this.#store.blobsHere.get(id)) !== null) await takeBlob(this.#store, id)
  }

  // ── facts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #merge(room: Room) {
    const changed = new Set<Subject>()
    const newRuns = new Set<RunId>()
    const changedRuns = new Set<RunId>()
    let isAhead = false
    // A second time where this store turned out to be a copy of another, and writes under a name of its own from then on.
    for (let isCopy = true; isCopy;) {
      isCopy = false
      for await (const records of this.#source.records(this.#id)) {
        const runs = runsOf(records.map(({ subject }) => subject))
        const here = new Set((await this.#store.read((r) => getRunInfos(r, runs))).map(({ runId }) => runId))
        const merged = await mergeFacts(this.#store, room.sharedId, records, 'all')
        for (const subject of merged.changed) changed.add(subject)
        for (const id of runsOf(merged.changed)) if (!newRuns.has(id)) (here.has(id) ? changedRuns : newRuns).add(id)
        isAhead ||= merged.isAhead
        isCopy ||= merged.isCopy
        // From here on it is not stopped: an experiment comes whole.
        this.#progress.note(new Set(records.map(({ subject }) => subject)).size)
      }
      if (isCopy) await becomeNewWriter(this.#store)
    }
    return { changed, newRuns, changedRuns, isAhead }
  }
}

function runsOf(subjects: readonly Subject[]): RunId[] {
  const runs = new Set<RunId>()
  for (const subject of subjects) {
    const of = parseSubject(subject)
    if (of?.kind === 'run') runs.add(of.id)
  }
  return [...runs]
}

const count = (ids: ReadonlySet<BlobId>, missing: ReadonlySet<BlobId>): number =>
  [...ids].filter((id) => missing.has(id)).length
