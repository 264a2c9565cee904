import type { RunId } from '#lib/domain/ids.ts'
import type { Series } from '#lib/domain/series.ts'
import type { Reader } from '#lib/store/database.ts'
import { findMetric, seriesFrom } from '#lib/store/metrics.ts'
import type { Store } from '#lib/store/store.ts'

/** Series kept for charts that are looked at; a screen shows a few dozen. */
const KEPT_SERIES = 64

interface Cached {
  steps: Float64Array<ArrayBuffer>
  timestamps: Float64Array<ArrayBuffer>
  values: Float64Array<ArrayBuffer>
  /** Points in use; the arrays are longer, so that appending is cheap. In (step, timestamp, value) order. */
  count: number
}

/**
 * The points of series that charts look at, so that a live chart costs what is new and not what is there.
 * The store's count of a series says whether anything changed; if all of it came at or after the last step, only that is read.
 */
export class SeriesCache {
  readonly #series = new Map<string, Cached>()

  clear(): void {
    this.#series.clear()
  }

  /** Points in (step, timestamp, value) order. The arrays belong to the cache: read them before the next call, change nothing. */
  points(store: Store, runId: RunId, key: string): Promise<Series> {
    return store.read((r) => this.#read(r, runId, key))
  }

  async #read(r: Reader, runId: RunId, key: string): Promise<Series> {
    const name = `${runId}/${key}`
    const cached = this.#series.get(name)
    const total = (await findMetric(r, runId, key))?.count ?? 0
    const fresh = cached ? await grown(r, runId, key, cached, total) : null
    const series = fresh ?? toCached(await seriesFrom(r, runId, key, null))
    this.#series.delete(name)
    this.#series.set(name, series)
    if (this.#series.size > KEPT_SERIES) this.#series.delete(this.#series.keys().next().value!)
    return {
      steps: series.steps.subarray(0, series.count),
      timestamps: series.timestamps.subarray(0, series.count),
      values: series.values.subarray(0, series.count)
    }
  }
}

const toCached = ({ steps, timestamps, values }: Series): Cached => ({
  steps,
  timestamps,
  values,
  count: steps.length
})

/** The cached series brought up to date by reading only its end; null when that is not enough to be sure. */
async function grown(r: Reader, runId: RunId, key: string, cached: Cached, total: number): Promise<Cached | null> {
  if (total === cached.count) return cached
  if (total < cached.count || cached.count === 0) return null
  const lastStep = cached.steps[cached.count - 1]!
  let kept = cached.count
  while (kept > 0 && cached.steps[kept - 1] === lastStep) kept--
  const tail = await seriesFrom(r, runId, key, lastStep)
  // A point of an earlier step came too: the end alone does not hold everything new.
  if (kept + tail.steps.length !== total) return null
  return append(cached, kept, tail)
}

function append(cached: Cached, kept: number, tail: Series): Cached {
  const count = kept + tail.steps.length
  const room = count > cached.steps.length ? Math.max(1024, count * 2) : cached.steps.length
  const column = (old: Float64Array<ArrayBuffer>, more: Float64Array) => {
    const array = room === old.length ? old : new Float64Array(room)
    if (array !== old) array.set(old.subarray(0, kept))
    array.set(more, kept)
    return array
  }
  return {
    steps: column(cached.steps, tail.steps),
    timestamps: column(cached.timestamps, tail.timestamps),
    values: column(cached.values, tail.values),
    count
  }
}
