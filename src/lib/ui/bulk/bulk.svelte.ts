import { createContext } from 'svelte'
import type { RunName, RunTag } from '#lib/domain/bulk.ts'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { BULK } from '#lib/domain/limits.ts'
import type { RunStatus } from '#lib/domain/run.ts'
import type { Commands } from '#lib/live/protocol.ts'
import { formatCount, plural, quoteName } from '../shared/format.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'

/** What is done to many things, a part at a time; each part is one transaction. */
interface Task<T, R> {
  /** `Moving runs` */
  readonly title: string
  readonly items: readonly T[]
  /** Resolves with what undoes the part. */
  readonly work: (part: readonly T[]) => Promise<readonly R[]>
  /** `Moved 3 runs to wine.` */
  readonly said: (done: readonly R[]) => string
  readonly failed: string
  readonly undo: (part: readonly R[]) => Promise<unknown>
}

/** What came of it: all of it, or the parts before it was stopped or failed. */
interface Outcome<R> {
  readonly results: readonly R[]
  /** Items that were gone through. */
  readonly done: number
  readonly error: unknown
}

/** Sooner than this nobody looks for how far it is. */
const SHOWN_AFTER_MS = 1000

/** Something that goes on. */
export class Job {
  readonly title: string
  readonly total: number
  done = $state(0)
  /** It has taken long enough to be worth a word. */
  shown = $state(false)
  stopped = $state(false)

  constructor(title: string, total: number) {
    this.title = title
    this.total = total
  }

  /** After the part that is under way. */
  stop(): void {
    this.stopped = true
  }

  get text(): string {
    return `${this.title}: ${formatCount(this.done)} of ${formatCount(this.total)}`
  }
}

/**
 * Changes to many runs at once.
 *
 *     runs ─ parts of BULK.chunkRuns ─► one command each ─► what undoes it
 *
 * - One thing after the other: a second one waits until the first is done.
 * - What failed or was stopped on the way is said with how far it came, and that much can be undone.
 */
export class Bulk {
  readonly #commands: Commands
  readonly #toasts: Toasts
  #queue: Promise<unknown> = Promise.resolve()
  job = $state.raw<Job | null>(null)

  constructor(commands: Commands, toasts: Toasts) {
    this.#commands = commands
    this.#toasts = toasts
  }

  /** Resolves with those that were put there; never fails, but says so. */
  trash(ids: readonly RunId[]): Promise<readonly RunId[]> {
    return this.#do({
      title: 'Moving runs to trash',
      items: ids,
      work: (part) => this.#commands.deleteRuns(part),
      said: (gone) => `Moved ${plural(gone.length, 'run')} to trash.`,
      failed: 'Nothing was moved to trash.',
      undo: (part) => this.#commands.restoreRuns(part)
    })
  }

  restore(ids: readonly RunId[]): Promise<readonly RunId[]> {
    return this.#do({
      title: 'Restoring runs',
      items: ids,
      work: (part) => this.#commands.restoreRuns(part),
      said: (back) => `Restored ${plural(back.length, 'run')}.`,
      failed: 'Nothing was restored.',
      undo: (part) => this.#commands.deleteRuns(part)
    })
  }

  /** `nameAll` says what a part of the runs will be called; `from` is how many came before it. */
  rename(
    ids: readonly RunId[],
    nameAll: (part: readonly RunId[], from: number) => Promise<readonly RunName[]>
  ): Promise<readonly RunName[]> {
    let from = 0
    return this.#do({
      title: 'Renaming runs',
      items: ids,
      work: async (part) => {
        const names = await nameAll(part, from)
        from += part.length
        return this.#commands.renameRuns(names)
      },
      said: (named) => `Renamed ${plural(named.length, 'run')}.`,
      failed: 'Nothing was renamed.',
      undo: (part) => this.#commands.renameRuns(part)
    })
  }

  /** Set a tag, or with null take it away. */
  tag(ids: readonly RunId[], key: string, value: string | null): Promise<readonly RunTag[]> {
    const had = (tags: readonly RunTag[]): number => tags.filter((tag) => tag.value !== null).length
    return this.#do({
      title: value === null ? 'Removing a tag' : 'Setting a tag',
      items: ids,
      work: (part) => this.#commands.tagRuns(part.map((runId) => ({ runId, key, value }))),
      said: (before) =>
        value === null
          ? `Removed ${quoteName(key)} from ${plural(had(before), 'run')}.`
          : `Set ${quoteName(key)} on ${plural(before.length, 'run')}.`,
      failed: 'No tag was changed.',
      undo: (part) => this.#commands.tagRuns(part)
    })
  }

  end(ids: readonly RunId[], status: RunStatus): Promise<unknown> {
    return this.#do({
      title: `Marking runs as ${status.toLowerCase()}`,
      items: ids,
      work: (part) => this.#commands.endRuns(part, status),
      said: (ended) => `Marked ${plural(ended.length, 'run')} as ${status.toLowerCase()}.`,
      failed: 'Nothing was marked.',
      undo: (part) => this.#commands.setRunStates(part)
    })
  }

  /** With all runs below them. Resolves with those that moved. */
  async move(
    ids: readonly RunId[],
    to: { readonly experimentId: ExperimentId; readonly name: string }
  ): Promise<readonly RunId[]> {
    const failed = 'Nothing was moved.'
    let all: readonly RunId[]
    try {
      all = await this.#commands.withDescendants(ids)
    } catch (error) {
      this.#toasts.fail(failed, error)
      return []
    }
    const moved = await this.#do({
      title: 'Moving runs',
      items: all,
      work: (part) => this.#commands.moveRuns(part, to.experimentId),
      said: (moved) => `Moved ${plural(moved.length, 'run')} to ${quoteName(to.name)}.`,
      failed,
      undo: (part) => this.#commands.moveRunsBack(part)
    })
    return moved.map(({ runId }) => runId)
  }

  /** Read something of many runs; null when it failed, which was said, or was stopped. */
  async read<R>(
    title: string,
    ids: readonly RunId[],
    read: (part: readonly RunId[]) => Promise<readonly R[]>
  ): Promise<readonly R[] | null> {
    const { results, done, error } = await this.#inParts({ title, items: ids, work: read })
    if (error !== null) this.#toasts.fail('Nothing was copied.', error)
    return error === null && done === ids.length ? results : null
  }

  // ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #do<T, R>(task: Task<T, R>): Promise<readonly R[]> {
    if (task.items.length === 0) return []
    const outcome = await this.#inParts(task)
    this.#say(task, outcome)
    return outcome.results
  }

  #say<T, R>(task: Task<T, R>, { results, done, error }: Outcome<R>): void {
    if (results.length === 0 && error !== null) return this.#toasts.fail(task.failed, error)
    const all = task.items.length
    const far = `${formatCount(done)} of ${formatCount(all)}`
    const short =
      error !== null ? ` It went wrong after ${far}: ${messageOf(error)}` : done < all ? ` Stopped after ${far}.` : ''
    this.#toasts.show({
      message: task.said(results) + short,
      ...(results.length > 0 && { undo: () => this.#undo(task, results) }),
      ...(error !== null && { kind: 'failed' as const })
    })
  }

  /** Fails with how far it came. */
  async #undo<T, R>({ undo }: Task<T, R>, results: readonly R[]): Promise<void> {
    const { done, error } = await this.#inParts({
      title: 'Undoing',
      items: results.toReversed(),
      work: async (part) => {
        await undo(part)
        return part
      }
    })
    if (done === results.length) return
    const why = error === null ? 'It was stopped.' : messageOf(error)
    throw new Error(`${formatCount(done)} of ${formatCount(results.length)} were. ${why}`)
  }

  #inParts<T, R>(task: Pick<Task<T, R>, 'title' | 'items' | 'work'>): Promise<Outcome<R>> {
    const run = this.#queue.then(() => this.#run(task))
    this.#queue = run
    return run
  }

  async #run<T, R>({ title, items, work }: Pick<Task<T, R>, 'title' | 'items' | 'work'>): Promise<Outcome<R>> {
    const job = new Job(title, items.length)
    const timer = setTimeout(() => (job.shown = true), SHOWN_AFTER_MS)
    this.job = job
    const results: R[] = []
    let error: unknown = null
    try {
      while (job.done < items.length && !job.stopped) {
        const part = items.slice(job.done, job.done + BULK.chunkRuns)
        results.push(...(await work(part)))
        job.done += part.length
      }
    } catch (thrown) {
      error = thrown
    } finally {
      clearTimeout(timer)
      this.job = null
    }
    return { results, done: job.done, error }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const [useBulk, setBulk] = createContext<Bulk>()
