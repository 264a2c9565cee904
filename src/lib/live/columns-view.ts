import { parseExperimentId, type RunId } from '#lib/domain/ids.ts'
import { LIVE } from '#lib/domain/limits.ts'
import { columnName, isBestStep, type ColumnRef } from '#lib/domain/table-column.ts'
import type { Change, ChangeKind } from '#lib/store/changes.ts'
import { COLUMN_KINDS, searchKeys } from '#lib/store/search/keys.ts'
import { Extents, extentName, readExtents } from '#lib/store/search/varying.ts'
import type { Store } from '#lib/store/store.ts'
import type { ColumnsQuery, ColumnsWindow } from './protocol.ts'
import { matchingIds } from './runs-view.ts'

/** Runs whose values are read in one go, before others get their turn at the store. */
const SLICE = 1000

/**
 * One list of columns somebody looks at. The list is kept, so that scrolling through it costs nothing; and so are the extents of the
 * kinds that no commit has touched, while the same runs match.
 */
export class ColumnsView {
  #asked = ''
  #list: readonly ColumnRef[] | null = null
  #ids: readonly RunId[] = []
  #extents = new Map<string, Extents>()
  /** Counts invalidations: what was found before one is not kept after it. */
  #round = 0

  /** The next answer looks again at what a commit can have changed; at everything when null. */
  invalidate(change: Change | null): void {
    this.#round++
    this.#list = null
    const touched = (kind: ChangeKind): boolean => change === null || change.kinds.has(kind)
    for (const name of this.#extents.keys()) {
      const kind = COLUMN_KINDS.find((each) => name.startsWith(`["${each}"`))
      if (kind === undefined || touched(kind)) this.#extents.delete(name)
    }
  }

  async answer(store: Store, query: ColumnsQuery): Promise<ColumnsWindow> {
    const { from: first, to: last, ...what } = query
    const asked = JSON.stringify(what)
    const kept = asked === this.#asked ? this.#list : null
    const round = this.#round
    const list = kept ?? (await this.#find(store, query))
    if (round === this.#round) [this.#asked, this.#list] = [asked, list]
    const from = Math.max(0, Math.floor(first))
    const to = Math.min(last, from + LIVE.window)
    return { total: list.length, from, columns: list.slice(from, to) }
  }

  async #find(store: Store, query: ColumnsQuery): Promise<readonly ColumnRef[]> {
    const { among, except = [], of = COLUMN_KINDS, search, varying } = query
    const id = parseExperimentId(query.experimentId)
    const leftOut = new Set(except.map(columnName))
    const found: readonly ColumnRef[] = among ?? (await store.read((r) => searchKeys(r, id, { search, of })))
    const columns = found.filter((column) => leftOut.size === 0 || !leftOut.has(columnName(column)))
    return varying === null ? columns : this.#varyingOf(store, query, columns)
  }

  async #varyingOf(store: Store, query: ColumnsQuery, columns: readonly ColumnRef[]): Promise<readonly ColumnRef[]> {
    const round = this.#round
    const ids = await this.#matches(store, query)
    const extents = new Map<string, Extents>()
    for (const column of columns) {
      const name = extentName(column)
      if (!extents.has(name)) extents.set(name, this.#extents.get(name) ?? (await extentsOf(store, column, ids)))
    }
    if (round === this.#round) this.#extents = extents
    // What only the points of a series can say is shown: nobody has looked.
    return columns.filter((column) => isBestStep(column.pick) || extents.get(extentName(column))?.varies(column.key))
  }

  /** The runs that match. When they are others than before, nothing that is known of those before holds. */
  async #matches(store: Store, { experimentId, varying }: ColumnsQuery): Promise<readonly RunId[]> {
    const experimentIds = [parseExperimentId(experimentId)]
    const { filter, view } = varying ?? { filter: '', view: 'ACTIVE_ONLY' }
    const ids = await store.read((r) => matchingIds(r, { experimentIds, filter, view, orderBy: [] }))
    if (ids.length !== this.#ids.length || ids.some((runId, at) => runId !== this.#ids[at])) this.#extents = new Map()
    this.#ids = ids
    return ids
  }
}

async function extentsOf(store: Store, like: ColumnRef, ids: readonly RunId[]): Promise<Extents> {
  const extents = new Extents()
  for (let at = 0; at < ids.length; at += SLICE) {
    const slice = ids.slice(at, at + SLICE)
    extents.add(await store.read((r) => readExtents(r, like, slice)))
  }
  return extents
}
