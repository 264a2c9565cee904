import type { RunId } from '#lib/domain/ids.ts'
import { parseRunFilter } from '#lib/domain/search/parse-filter.ts'
import { parseRunOrderBy } from '#lib/domain/search/parse-order-by.ts'
import { TAGS } from '#lib/domain/tag.ts'
import type { Reader } from '#lib/store/database.ts'
import { metricsOfRuns } from '#lib/store/metrics.ts'
import { paramsOfRuns } from '#lib/store/params.ts'
import { getRunInfos } from '#lib/store/runs.ts'
import { runIds } from '#lib/store/search/runs.ts'
import { tagsOfRuns } from '#lib/store/tags.ts'
import type { ColumnKind, RunRow, RunsQuery, RunsWindow } from './protocol.ts'

/** The longest window a page can ask for: what a very tall screen shows, several times over. */
const MAX_WINDOW_ROWS = 1000

/**
 * One runs table somebody looks at. The ids of all matches in order are kept, so that scrolling costs only the rows that come into
 * view; a commit that can change them makes the next answer search again.
 */
export class RunsView {
  #search = ''
  #ids: readonly RunId[] | null = null

  /** The next answer searches again. */
  invalidate(): void {
    this.#ids = null
  }

  async answer(r: Reader, query: RunsQuery): Promise<RunsWindow> {
    const search = JSON.stringify([query.experimentIds, query.filter, query.orderBy, query.view])
    if (this.#ids === null || search !== this.#search) {
      this.#ids = await matchingIds(r, query)
      this.#search = search
    }
    const from = Math.max(0, Math.floor(query.from))
    const to = Math.min(query.to, from + MAX_WINDOW_ROWS)
    return { total: this.#ids.length, from, rows: await rowsOf(r, this.#ids.slice(from, to), query) }
  }
}

/** Fails with SearchSyntaxError for a filter or order that cannot be read. */
export function matchingIds(
  r: Reader,
  { experimentIds, filter, orderBy, view }: Pick<RunsQuery, 'experimentIds' | 'filter' | 'orderBy' | 'view'>
): Promise<RunId[]> {
  return runIds(r.db, { experimentIds, filter: parseRunFilter(filter), orderBy: parseRunOrderBy(orderBy), view })
}

async function rowsOf(r: Reader, ids: readonly RunId[], { columns }: RunsQuery): Promise<RunRow[]> {
  const keysOf = (kind: ColumnKind) => columns.filter((column) => column.kind === kind).map((column) => column.key)
  const infos = await getRunInfos(r, ids)
  const params = keysOf('param').length > 0 ? await paramsOfRuns(r, ids, keysOf('param')) : new Map<RunId, never[]>()
  const metrics =
    keysOf('metric').length > 0 ? await metricsOfRuns(r, ids, keysOf('metric')) : new Map<RunId, never[]>()
  const tags = await tagsOfRuns(r, ids, [TAGS.parentRunId, ...keysOf('tag')])
  return infos.map((info) => {
    const values = {
      param: new Map(params.get(info.runId)?.map(({ key, value }) => [key, value])),
      metric: new Map(metrics.get(info.runId)?.map(({ key, last }) => [key, last.value])),
      tag: new Map(tags.get(info.runId)?.map(({ key, value }) => [key, value]))
    }
    return {
      ...info,
      parentRunId: (values.tag.get(TAGS.parentRunId) as RunId | undefined) ?? null,
      cells: columns.map(({ kind, key }) => values[kind].get(key) ?? null)
    }
  })
}
