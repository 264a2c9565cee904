/**
 * Two servers name the same things differently: ids, times, made-up names, tokens, their own address. Here an answer is brought into a
 * form in which only what a client would notice is left. Nothing else is touched: what is not recognised differs.
 */
import { valueAt, type Answer, type Body, type Conversation, type JsonValue } from './exchange.ts'
import type { RecordedRequest } from './request.ts'

/** What a server's answers are full of and nobody compares. */
export interface Surroundings {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  /** Where the server keeps its files. */
  readonly folder: string
}

const comparedHeaders = ['content-type', 'content-disposition', 'x-content-type-options', 'allow', 'location'] as const

const isCreation = /^creation_(time|timestamp|timestamp_ms)$/
const isUpdate = /^last_updated?_(time|timestamp|timestamp_ms)$/
const madeUpName = /^[a-z]+-[a-z]+-\d{1,4}$/
/** How far a server's clock may be from ours. */
const clockMs = 3_600_000

export function toNormalForm(
  request: RecordedRequest,
  answer: Answer,
  { kept }: Conversation,
  surroundings: Surroundings
): Answer {
  const text = textMapper(kept, surroundings)
  const headers = Object.fromEntries(
    comparedHeaders.flatMap((name) => {
      const value = answer.headers[name]
      return value === undefined ? [] : [[name, text(value)]]
    })
  )
  return { status: answer.status, headers, body: sortById(mapBody(answer.body, text), request.orderedById) }
}

type TextMapper = (text: string, key?: string) => string

function mapBody(body: Body, text: TextMapper): Body {
  if (body.kind === 'json') return { kind: 'json', value: mapJson(body.value, '', text) }
  return body.kind === 'text' ? { kind: 'text', text: text(body.text) } : body
}

function sortById(body: Body, order: RecordedRequest['orderedById']): Body {
  if (order === null || body.kind !== 'json') return body
  const list = valueAt(body.value, order.list)
  if (list === undefined || !isList(list)) return body
  const idOf = (item: JsonValue): string => JSON.stringify(valueAt(item, order.id))
  return {
    kind: 'json',
    value: { ...(body.value as object), [order.list]: list.toSorted((a, b) => idOf(a).localeCompare(idOf(b))) }
  }
}

function mapJson(value: JsonValue, key: string, text: TextMapper, owner = ''): JsonValue {
  if (typeof value === 'string') return text(value, key)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value))
    return sortedWhereUnordered(
      value.map((item) => mapJson(item, key, text)),
      key,
      owner
    )
  const created = Object.entries(value).find(([name]) => isCreation.test(name))?.[1]
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      mapTime(name, item, created) ?? mapField(name, item, value, text, key)
    ])
  )
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value)

/** A time of the server's own clock; whether the thing was changed after it was made stays to be seen. */
function mapTime(name: string, value: JsonValue, created: JsonValue | undefined): string | undefined {
  if (typeof value !== 'number' || Math.abs(value - Date.now()) > clockMs) return undefined
  if (isCreation.test(name)) return '<created>'
  if (isUpdate.test(name)) return value === created ? '<created>' : '<later>'
  return undefined
}

function mapField(
  name: string,
  value: JsonValue,
  siblings: Readonly<Record<string, JsonValue>>,
  text: TextMapper,
  owner: string
): JsonValue {
  if (name === 'next_page_token') return '<token>'
  const isName = name === 'run_name' || name === 'name' || (name === 'value' && siblings['key'] === 'mlflow.runName')
  if (isName && typeof value === 'string' && madeUpName.test(value)) return '<made-up name>'
  return mapJson(value, name, text, owner)
}

/** Sets by key or name: MLflow promises no order for them, and its rows have none. */
function sortedWhereUnordered(items: readonly JsonValue[], key: string, owner: string): readonly JsonValue[] {
  const isSet =
    ['params', 'tags', 'aliases', 'dataset_inputs', 'model_inputs', 'model_outputs'].includes(key) ||
    (key === 'metrics' && owner === 'data')
  return isSet ? items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items
}

function textMapper(kept: ReadonlyMap<string, string>, { origin, folder }: Surroundings): TextMapper {
  // Longest first: a model's id may hold a run's.
  const ids = [...kept].sort(([, a], [, b]) => b.length - a.length)
  return (text, key = '') => {
    let mapped = text.replaceAll(origin, '<origin>').replaceAll(folder, '<folder>')
    for (const [name, id] of ids)
      mapped = /^\d+$/.test(id) ? replaceExperimentId(mapped, key, id, name) : mapped.replaceAll(id, `<${name}>`)
    mapped = mapped
      .replace(/\bm-[0-9a-f]{32}\b/g, '<model id>')
      .replace(/\b[0-9a-f]{32}\b/g, '<id>')
      .replace(/(?<=mlflow-artifacts:\/)[1-9]\d*\b/g, '<experiment>')
    if (key === 'experiment_id') mapped = mapped.replace(/^[1-9]\d*$/, '<experiment>')
    return key === 'message' ? mapMessage(mapped) : mapped
  }
}

/** The other server's may be a short number: it is replaced only where an experiment's id can stand. */
function replaceExperimentId(text: string, key: string, id: string, name: string): string {
  if (['experiment_id', 'experiment_ids', 'path'].includes(key) && text === id) return `<${name}>`
  const before = /(?<=mlflow-artifacts:\/|(?:id=|ids?: |[Ee]xperiment |[Ii][Dd] |[[,] ?)'?|Invalid value ")/.source
  return text.replace(new RegExp(`${before}${id}(?![\\w.])|(?<=')${id}(?=/)`, 'g'), `<${name}>`)
}

function mapMessage(text: string): string {
  // What the other's database says of a broken constraint is nobody's contract: the code and the status are.
  const withoutSql = /sqlite3\.\w+|sqlalche\.me/.test(text) ? '<SQL>' : text
  // Python prints a set in an order of its own.
  return withoutSql.replace(
    /\{('[^{}']*'(?:, '[^{}']*')*)\}/g,
    (_, items: string) => `{${items.split(', ').sort().join(', ')}}`
  )
}
