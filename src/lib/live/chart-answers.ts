/**
 * Answers to one watched chart, each made from the one before: only the runs that a commit touched are looked at again.
 */
import { bandGrid, bandOf, runColumns, type BandGrid, type RunColumns } from '#lib/domain/bands.ts'
import { roomy, type Extent } from '#lib/domain/chart-range.ts'
import { invalid } from '#lib/domain/errors.ts'
import { parseRunId, type RunId } from '#lib/domain/ids.ts'
import type { EpochMs } from '#lib/domain/time.ts'
import type { StoredSeries } from '#lib/store/histories.ts'
import { getRunInfos } from '#lib/store/runs.ts'
import type { Change } from '#lib/store/changes.ts'
import type { Store } from '#lib/store/store.ts'
import { ChartSender, type ChartParcel } from './chart-parcel.ts'
import { chartLine, runCurve } from './chart-line.ts'
import type { ChartAnswer, ChartBand, ChartLine, ChartQuery } from './protocol.ts'
import type { SeriesCache } from './series-cache.ts'

/** How long others may have to wait while many lines are read. */
const TURN_MS = 12

export class ChartAnswers {
  readonly #sender = new ChartSender()
  #query: ChartQuery | null = null
  readonly #lines = new Map<RunId, ChartLine>()
  readonly #columns = new Map<RunId, RunColumns>()
  #grid: BandGrid | null = null
  /** Where series lie: as a page zooms, the same rows are not read again. */
  readonly #stored = new Map<RunId, StoredSeries>()
  /** Runs whose points may have changed since they were last read. */
  readonly #stale = new Set<RunId>()

  /** What a commit can have changed is read again; everything when null. */
  invalidate(change: Change | null): void {
    if (change === null) this.#query = null
    else
      for (const id of change.runs) {
        this.#stale.add(id)
        this.#stored.delete(id)
      }
  }

  /** The answer as it travels: what the page that watches does not have yet. */
  async parcel(store: Store, cache: SeriesCache, query: ChartQuery): Promise<ChartParcel> {
    return this.#sender.pack(await this.answer(store, cache, query))
  }

  async answer(store: Store, cache: SeriesCache, query: ChartQuery): Promise<ChartAnswer> {
    const ids = query.runIds.map(parseRunId)
    if (query.groups !== null && query.groups.length !== ids.length) throw invalid('Each run of a chart has one group.')
    this.#begin(query)
    // Before anything is read: what is touched while we read is read again next time.
    const wanted = ids.filter((id) => this.#stale.has(id) || !this.#lines.has(id))
    this.#stale.clear()
    const origins = await originsOf(store, query, ids)
    await inTurns(wanted, async (id) => {
      this.#lines.set(id, await chartLine(store, cache, query, id, origins.get(id) ?? 0, this.#stored))
      this.#columns.delete(id)
      // Touched while it was read: what was found may be what was before.
      if (this.#stale.has(id)) this.#stored.delete(id)
    })
    const lines = ids.map((id) => this.#lines.get(id)!)
    return { lines, bands: await this.#bands(store, cache, query, ids, origins) }
  }

  #begin(query: ChartQuery): void {
    if (query === this.#query) return
    if (query.key !== this.#query?.key) this.#stored.clear()
    this.#query = query
    // Each time a page asks it asks anew, and an answer that came too late for its question was not sent.
    this.#sender.begin()
    this.#lines.clear()
    this.#columns.clear()
    this.#stale.clear()
  }

  async #bands(
    store: Store,
    cache: SeriesCache,
    query: ChartQuery,
    ids: readonly RunId[],
    origins: ReadonlyMap<RunId, EpochMs>
  ): Promise<ChartBand[] | null> {
    const { groups } = query
    if (groups === null) return null
    const grid = this.#gridFor(query)
    const numbers = [...new Set(groups)].sort((a, b) => a - b)
    if (grid === null) return numbers.map((group) => ({ group, ...bandOf([], NO_GRID) }))
    const missing = ids.filter((id) => !this.#columns.has(id))
    await inTurns(missing, async (id) => {
      this.#columns.set(id, runColumns(await runCurve(store, cache, query, id, origins.get(id) ?? 0), grid))
    })
    return numbers.map((group) => {
      const runs = ids.filter((_, at) => groups[at] === group).map((id) => this.#columns.get(id)!)
      return { group, ...bandOf(runs, grid) }
    })
  }

  /** One grid for all groups; while it stays the same, so do the columns of runs that nobody touched. */
  #gridFor({ range, buckets, x }: ChartQuery): BandGrid | null {
    const extent = range ?? this.#extent()
    if (extent === null) return null
    const grid = bandGrid(range ?? roomy(extent), buckets, x === 'step')
    if (JSON.stringify(grid) !== JSON.stringify(this.#grid)) this.#columns.clear()
    this.#grid = grid
    return grid
  }

  #extent(): Extent | null {
    let low = Infinity
    let high = -Infinity
    for (const { raw } of this.#lines.values()) {
      if (raw.x.length === 0) continue
      low = Math.min(low, raw.x[0]!)
      high = Math.max(high, raw.x[raw.x.length - 1]!)
    }
    return low <= high ? [low, high] : null
  }
}

const NO_GRID: BandGrid = { low: 0, high: 0, buckets: 1 }

/** When each run started; only a relative axis asks. */
async function originsOf(store: Store, query: ChartQuery, ids: readonly RunId[]): Promise<Map<RunId, EpochMs>> {
  if (query.x !== 'relative') return new Map()
  const infos = await store.read((r) => getRunInfos(r, ids))
  return new Map(infos.map((info) => [info.runId, info.startTime]))
}

/** One after the other, letting whoever waits go in between. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let since = performance.now()
  for (const item of items) {
    await work(item)
    if (performance.now() - since < TURN_MS) continue
    await new Promise((resolve) => setTimeout(resolve, 0))
    since = performance.now()
  }
}
