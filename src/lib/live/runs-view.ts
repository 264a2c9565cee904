import { aggregate, summariseTexts, type Aggregate, type TextSummary } from '#lib/domain/aggregate.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { LIVE } from '#lib/domain/limits.ts'
import type { MetricSummary } from '#lib/domain/metric.ts'
import { groupLines, type GroupedLine, type GroupLine } from '#lib/domain/run-groups.ts'
import { treeLines, type TreeLine } from '#lib/domain/run-tree.ts'
import { parseRunFilter } from '#lib/domain/search/parse-filter.ts'
import { parseRunOrderBy } from '#lib/domain/search/parse-order-by.ts'
import { isBestStep, type ColumnRef, type GroupKey, type RunSort } from '#lib/domain/table-column.ts'
import { TAGS } from '#lib/domain/tag.ts'
import type { Change } from '#lib/store/changes.ts'
import type { Reader } from '#lib/store/database.ts'
import { metricsOfRuns } from '#lib/store/metrics.ts'
import { paramsOfRuns } from '#lib/store/params.ts'
import { getRunInfos } from '#lib/store/runs.ts'
import { parentsOfRuns } from '#lib/store/search/parents.ts'
import { runIds } from '#lib/store/search/runs.ts'
import type { Store } from '#lib/store/store.ts'
import { tagsOfRuns } from '#lib/store/tags.ts'
import type { BestStepQuestion, BestSteps } from './best-steps.ts'
import { ColumnValues, pickedValue, type CellValue } from './column-values.ts'
import type { ColumnKind, RowLine, RunRow, RunsQuery, RunsWindow } from './protocol.ts'

/** What is found once for a question and then scrolled through. */
interface Found {
  /** All matches in order. */
  readonly ids: readonly RunId[]
  /** What stands in each row: a run alone, its place in a tree, a group or a run of one. */
  readonly lines: readonly (RunId | TreeLine<RunId> | GroupedLine<RunId>)[]
  readonly ends: RunsWindow['ends']
}

/** A row of a window that still lacks what only the points of a series can say. */
interface Draft {
  readonly window: RunsWindow
  readonly missing: readonly { readonly row: number; readonly cell: number; readonly question: BestStepQuestion }[]
}

/**
 * One runs table somebody looks at. The rows there are, in order, are kept, so that scrolling costs only the rows that come into view; a
 * commit that can change them makes the next answer search again.
 */
export class RunsView {
  readonly #values = new ColumnValues()
  #asked = ''
  #found: Found | null = null

  /** The next answer searches again, and reads again what a commit touched; everything when null. */
  invalidate(change: Change | null): void {
    this.#found = null
    if (change === null) this.#values.clear()
    else this.#values.forget(change.runs)
  }

  async answer(store: Store, query: RunsQuery, bestSteps: BestSteps): Promise<RunsWindow> {
    const { window, missing } = await store.read((r) => this.#draft(r, query))
    return { ...window, rows: await whole(store, window.rows, missing, bestSteps) }
  }

  async #draft(r: Reader, query: RunsQuery): Promise<Draft> {
    const { experimentIds, filter, orderBy, sort, view, tree, groupBy, toggled } = query
    const asked = JSON.stringify([experimentIds, filter, orderBy, sort, view, tree, groupBy, toggled])
    if (this.#found === null || asked !== this.#asked) {
      this.#found = await this.#find(r, query)
      this.#asked = asked
    }
    const { ids, lines, ends } = this.#found
    const from = Math.max(0, Math.floor(query.from))
    const shown = lines.slice(from, Math.min(query.to, from + LIVE.window))
    const { rows, missing } = await rowsOf(r, shown.flatMap(runOf), query.columns)
    const window = { total: lines.length, matches: ids.length, from, rows, columns: query.columns, ends }
    if (!isLined(query)) return { window, missing }
    return { window: { ...window, lines: await this.#linesOf(r, shown, query) }, missing }
  }

  async #find(r: Reader, query: RunsQuery): Promise<Found> {
    const ids = await matchingIds(r, query)
    const ends = await endsOf(r, ids, query.sort?.[0])
    const { groupBy = [], tree = false } = query
    if (groupBy.length > 0) return { ids, ends, lines: await this.#grouped(r, ids, groupBy, query.toggled) }
    return { ids, ends, lines: tree ? await treeOf(r, ids, query) : ids }
  }

  async #grouped(
    r: Reader,
    ids: readonly RunId[],
    groupBy: readonly GroupKey[],
    toggled: readonly string[] = []
  ): Promise<Found['lines']> {
    const values = await this.#values.of(r, ids, groupBy)
    const open = new Set(toggled)
    const valuesOf = (id: RunId) => values.map((column) => (column.get(id) as string | null | undefined) ?? null)
    return groupLines(ids, groupBy.length, valuesOf, (group) => open.has(group))
  }

  async #linesOf(r: Reader, shown: Found['lines'], { columns, groupBy = [] }: RunsQuery): Promise<RowLine[]> {
    const lines: RowLine[] = []
    for (const line of shown) {
      if (typeof line === 'string') lines.push({ kind: 'run', depth: 0, isMatch: true, children: 0, open: false })
      else if ('isMatch' in line) {
        const { depth, isMatch, children, open } = line
        lines.push({ kind: 'run', depth, isMatch, children, open })
      } else if (line.members === null)
        lines.push({ kind: 'run', depth: line.depth, isMatch: true, children: 0, open: false })
      else {
        const { id, depth, value, members, open } = line
        const cells = await this.#aggregates(r, line, columns)
        lines.push({ kind: 'group', id, depth, key: groupBy[depth]!, value, runs: members.length, open, cells })
      }
    }
    return lines
  }

  async #aggregates(
    r: Reader,
    { members }: GroupLine<RunId>,
    columns: readonly ColumnRef[]
  ): Promise<(Aggregate | TextSummary | null)[]> {
    const read = columns.filter((column) => !isBestStep(column.pick))
    const values = new Map((await this.#values.of(r, members, read)).map((column, at) => [read[at]!, column]))
    return columns.map((column) => {
      const known = values.get(column)
      if (known === undefined) return null
      const cells = members.map((id) => known.get(id) ?? null)
      return column.kind === 'metric'
        ? aggregate(cells as (number | null)[])
        : summariseTexts(cells as (string | null)[])
    })
  }
}

const isLined = ({ tree = false, groupBy = [] }: RunsQuery): boolean => tree || groupBy.length > 0

const runOf = (line: Found['lines'][number]): RunId | [] => {
  if (typeof line === 'string') return line
  return 'members' in line && line.members !== null ? [] : line.id
}

/** Fails with SearchSyntaxError for a filter or order that cannot be read. */
export function matchingIds(
  r: Reader,
  {
    experimentIds,
    filter,
    orderBy,
    sort,
    view
  }: Pick<RunsQuery, 'experimentIds' | 'filter' | 'orderBy' | 'sort' | 'view'>
): Promise<RunId[]> {
  return runIds(r.db, {
    experimentIds,
    filter: parseRunFilter(filter),
    orderBy: parseRunOrderBy(orderBy),
    ...(sort && { sort }),
    view
  })
}

/** Ancestors that match no filter are looked for among all runs that the view would show. */
async function treeOf(r: Reader, matches: readonly RunId[], query: RunsQuery): Promise<TreeLine<RunId>[]> {
  const order = query.filter.trim() === '' ? matches : await matchingIds(r, { ...query, filter: '' })
  const parents = await parentsOfRuns(r)
  const matching = new Set(matches)
  const closed = new Set<string>(query.toggled)
  return treeLines({
    order,
    isMatch: (id) => matching.has(id),
    parentOf: (id) => parents.get(id),
    isClosed: (id) => closed.has(id)
  })
}

/** The first match has the value at one end. Runs without a number are last, so the last number is found by halving. */
async function endsOf(r: Reader, ids: readonly RunId[], sort: RunSort | undefined): Promise<RunsWindow['ends']> {
  if (sort === undefined || sort.by.kind !== 'metric') return null
  const { key, pick } = sort.by
  const valueAt = async (at: number): Promise<number | null> => {
    const id = ids[at]
    const value = id === undefined ? null : pickedValue((await metricsOfRuns(r, [id], [key])).get(id)?.[0], pick)
    return Number.isNaN(value) ? null : value
  }
  const first = await valueAt(0)
  if (first === null) return null
  let [last, low, high] = [first, 0, ids.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    const value = await valueAt(middle)
    if (value === null) high = middle
    else [low, last] = [middle, value]
  }
  return { first, last }
}

/** Rows of runs in the order of `ids`; unknown ids are left out. */
export async function runRows(
  store: Store,
  ids: readonly RunId[],
  columns: readonly ColumnRef[],
  bestSteps: BestSteps
): Promise<readonly RunRow[]> {
  const { rows, missing } = await store.read((r) => rowsOf(r, ids, columns))
  return whole(store, rows, missing, bestSteps)
}

async function whole(
  store: Store,
  drafts: readonly RunRow[],
  missing: Draft['missing'],
  bestSteps: BestSteps
): Promise<readonly RunRow[]> {
  if (missing.length === 0) return drafts
  const rows = drafts.map((row) => ({ ...row, cells: [...row.cells] }))
  for (const { row, cell, question } of missing) rows[row]!.cells[cell] = await bestSteps.value(store, question)
  return rows
}

async function rowsOf(
  r: Reader,
  ids: readonly RunId[],
  columns: readonly ColumnRef[]
): Promise<{ readonly rows: RunRow[]; readonly missing: Draft['missing'] }> {
  const keysOf = (kind: ColumnKind) => columns.filter((column) => column.kind === kind).map((column) => column.key)
  const others = columns.flatMap(({ pick }) => (isBestStep(pick) ? pick.of : []))
  const infos = await getRunInfos(r, ids)
  const metricKeys = [...new Set([...keysOf('metric'), ...others])]
  const params = keysOf('param').length > 0 ? await paramsOfRuns(r, ids, keysOf('param')) : new Map<RunId, never[]>()
  const metrics = metricKeys.length > 0 ? await metricsOfRuns(r, ids, metricKeys) : new Map<RunId, never[]>()
  const tags = await tagsOfRuns(r, ids, [TAGS.parentRunId, ...keysOf('tag')])
  const missing: Draft['missing'][number][] = []
  const rows = infos.map((info, row): RunRow => {
    const texts = {
      param: new Map(params.get(info.runId)?.map(({ key, value }) => [key, value])),
      tag: new Map(tags.get(info.runId)?.map(({ key, value }) => [key, value]))
    }
    const series = new Map(metrics.get(info.runId)?.map((metric) => [metric.key, metric]))
    columns.forEach(({ key, pick }, cell) => {
      if (isBestStep(pick)) missing.push({ row, cell, question: questionOf(info.runId, key, pick, series) })
    })
    return {
      ...info,
      parentRunId: (texts.tag.get(TAGS.parentRunId) as RunId | undefined) ?? null,
      cells: columns.map(({ kind, key, pick }): CellValue =>
        kind === 'metric' ? pickedValue(series.get(key), pick) : (texts[kind].get(key) ?? null)
      )
    }
  })
  return { rows, missing }
}

const questionOf = (
  runId: RunId,
  key: string,
  pick: BestStepQuestion['pick'],
  series: ReadonlyMap<string, MetricSummary>
): BestStepQuestion => ({
  runId,
  key,
  pick,
  values: series.get(key),
  of: series.get(pick.of)
})
