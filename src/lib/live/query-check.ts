/**
 * Whether a query that came over a network is one of the protocol's. What it names is checked where it is looked up; here only what would
 * break whoever reads it: a list that is none, a chart a million pixels wide.
 */
import { BRIDGE, CHART, LIVE, SEARCH } from '#lib/domain/limits.ts'
import { VIEW_TYPES } from '#lib/domain/lifecycle.ts'
import { DATASET_KEYS } from '#lib/domain/search/vocabulary.ts'
import { isViewOf } from '#lib/domain/view.ts'
import { GROUP_ATTRIBUTES } from '#lib/domain/table-column.ts'
import type { NotebookArrival, NumberedQuery, Query } from './protocol.ts'

type Check = (value: unknown) => boolean
type Fields = Readonly<Record<string, Check>>

const isText: Check = (value) => typeof value === 'string'
const isNumber: Check = (value) => typeof value === 'number'
const isTextOrAbsent: Check = (value) => value === undefined || isText(value)
const isViewType: Check = (value) => (VIEW_TYPES as readonly unknown[]).includes(value)
const isListOf =
  (isItem: Check, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(isItem)

const isOneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string)
const orAbsent =
  (isRight: Check): Check =>
  (value) =>
    value === undefined || isRight(value)
const orNull =
  (isRight: Check): Check =>
  (value) =>
    value === null || isRight(value)
const has =
  (fields: Fields): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([name, isRight]) => isRight((value as Readonly<Record<string, unknown>>)[name]))

const isKind = isOneOf('param', 'metric', 'tag')
const isBestStep = has({ at: isOneOf('min', 'max'), of: isText })
const isPick: Check = (value) => isOneOf('last', 'min', 'max')(value) || isBestStep(value)
const isColumn = has({ kind: isKind, key: isText, pick: orAbsent(isPick) })
const isSort = has({
  by: (by) => isColumn(by) || has({ kind: isOneOf('attribute'), key: isText })(by),
  descending: (value) => typeof value === 'boolean'
})
const isGroupAttribute = has({ kind: isOneOf('attribute'), key: isOneOf(...GROUP_ATTRIBUTES) })
const isGroupKey: Check = (value) =>
  has({ kind: isOneOf('param', 'tag'), key: isText })(value) || isGroupAttribute(value)

const isField: Check = (value) =>
  has({ kind: isOneOf('param', 'metric', 'tag', 'attribute'), key: isText })(value) ||
  has({ kind: isOneOf('dataset'), key: isOneOf(...DATASET_KEYS) })(value)

const isRange: Check = (value) =>
  value === null || (Array.isArray(value) && value.length === 2 && value.every(isNumber))

const isAxis: Check = (value) => value === 'step' || value === 'time' || value === 'relative'
const isBuckets: Check = (value) => typeof value === 'number' && value <= LIVE.buckets
const isChartX: Check = (value) =>
  isAxis(value) || (typeof value === 'object' && value !== null && 'metric' in value && isText(value.metric))
const isIn = (value: unknown, low: number, high: number): boolean =>
  typeof value === 'number' && value >= low && value <= high

const isSmoothing: Check = (value) => {
  if (value === null) return true
  const { kind, weight, points, sigma } = Object(value) as Readonly<Record<string, unknown>>
  if (kind === 'ema') return isIn(weight, 0, 1)
  if (kind === 'average') return isIn(points, 1, CHART.averagePoints)
  return kind === 'gaussian' && isIn(sigma, 0, CHART.sigma)
}

const FIELDS: Readonly<Record<Query['kind'], Fields>> = {
  experiments: { view: isViewType },
  experiment: { experimentId: isText },
  runs: {
    experimentIds: isListOf(isText, LIVE.experiments),
    filter: isText,
    orderBy: isListOf(isText, SEARCH.orderByItems),
    view: isViewType,
    from: isNumber,
    to: isNumber,
    columns: isListOf(isColumn, LIVE.columns),
    sort: orAbsent(isListOf(isSort, LIVE.sortKeys)),
    tree: orAbsent((value) => typeof value === 'boolean'),
    groupBy: orAbsent(isListOf(isGroupKey, LIVE.groupKeys)),
    toggled: orAbsent(isListOf(isText, LIVE.toggled))
  },
  keys: { experimentId: isText, search: isTextOrAbsent, limit: orAbsent(isNumber) },
  columns: {
    experimentId: isText,
    search: isText,
    of: orAbsent(isListOf(isKind, 3)),
    among: orNull(isListOf(isColumn, LIVE.columns)),
    except: orAbsent(isListOf(isColumn, LIVE.columns)),
    varying: orNull(has({ filter: isText, view: isViewType })),
    from: isNumber,
    to: isNumber
  },
  values: { experimentId: isText, field: isField, typed: isText },
  views: { experimentId: isText, of: isViewOf },
  run: { runId: isText },
  chart: {
    runIds: isListOf(isText, CHART.runs),
    key: isText,
    x: isChartX,
    range: isRange,
    buckets: isBuckets,
    smoothing: isSmoothing,
    groups: (value) => value === null || isListOf(isNumber, CHART.runs)(value)
  },
  artifacts: { runId: isText, modelId: isTextOrAbsent, path: isText },
  trash: {},
  settings: {},
  storage: {},
  notebooks: {},
  sharing: { experimentId: isText },
  sync: {},
  'sync-settings': {},
  comments: { runId: isText },
  'point-comments': { experimentId: isText },
  'file-work': { job: isText }
}

export function isQuery(value: unknown): value is Query {
  if (typeof value !== 'object' || value === null) return false
  const query = value as Readonly<Record<string, unknown>>
  const { kind } = query
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind)) return false
  return Object.entries(FIELDS[kind as Query['kind']]).every(([name, isRight]) => isRight(query[name]))
}

/** Whether these are queries under numbers, no more of them than one page may watch. */
export const isQueries = (value: unknown): value is readonly NumberedQuery[] =>
  isListOf(has({ watch: Number.isSafeInteger, ask: Number.isSafeInteger, query: isQuery }), LIVE.watches)(value)

/** Whether what a page says of a notebook is what the protocol says. */
export function isArrival(value: unknown): value is NotebookArrival {
  if (typeof value !== 'object' || value === null) return false
  const { origin, session, writer, name, version } = value as Readonly<Record<string, unknown>>
  const isId = (id: unknown): boolean => typeof id === 'string' && id !== '' && id.length <= BRIDGE.sessionIdLength
  return isText(origin) && isId(session) && isId(writer) && isText(name) && isText(version)
}
