/**
 * Whether a query that came over a network is one of the protocol's. What it names is checked where it is looked up; here only what would
 * break whoever reads it: a list that is none, a chart a million pixels wide.
 */
import { BRIDGE, LIVE, SEARCH } from '#lib/domain/limits.ts'
import { VIEW_TYPES } from '#lib/domain/lifecycle.ts'
import { isViewOf } from '#lib/domain/view.ts'
import type { NotebookArrival, Query } from './protocol.ts'

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

const isColumn: Check = (value) =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  'key' in value &&
  ['param', 'metric', 'tag'].includes(value.kind as string) &&
  isText(value.key)

const isRange: Check = (value) =>
  value === null || (Array.isArray(value) && value.length === 2 && value.every(isNumber))

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
    columns: isListOf(isColumn, LIVE.columns)
  },
  keys: { experimentId: isText },
  views: { experimentId: isText, of: isViewOf },
  run: { runId: isText },
  series: {
    runId: isText,
    key: isText,
    axis: (value) => value === 'step' || value === 'time' || value === 'relative',
    range: isRange,
    buckets: (value) => typeof value === 'number' && value <= LIVE.buckets
  },
  artifacts: { runId: isText, modelId: isTextOrAbsent, path: isText },
  trash: {},
  settings: {},
  storage: {},
  notebooks: {}
}

export function isQuery(value: unknown): value is Query {
  if (typeof value !== 'object' || value === null) return false
  const query = value as Readonly<Record<string, unknown>>
  const { kind } = query
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind)) return false
  return Object.entries(FIELDS[kind as Query['kind']]).every(([name, isRight]) => isRight(query[name]))
}

/** Whether what a page says of a notebook is what the protocol says. */
export function isArrival(value: unknown): value is NotebookArrival {
  if (typeof value !== 'object' || value === null) return false
  const { origin, session, writer, name, version } = value as Readonly<Record<string, unknown>>
  const isId = (id: unknown): boolean => typeof id === 'string' && id !== '' && id.length <= BRIDGE.sessionIdLength
  return isText(origin) && isId(session) && isId(writer) && isText(name) && isText(version)
}
