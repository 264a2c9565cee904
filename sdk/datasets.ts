import type { SessionOp } from '#lib/bridge/protocol.ts'
import { hashBytes, hashText } from './hash.ts'
import type { DatasetDescription } from './types.ts'

type Dataset = Extract<SessionOp, { readonly op: 'input' }>['dataset']
type Data = NonNullable<DatasetDescription['data']>
type Row = Readonly<Record<string, unknown>>

const DIGEST_LENGTH = 16

/** A dataset as MLflow keeps it: its content stays in the page, a digest of it is kept. */
export function describeDataset(given: DatasetDescription): Dataset {
  const { data } = given
  const name = String(given.name)
  const source = String(given.source ?? '')
  const isUrl = /^[a-z][\w+.-]*:\/\//i.test(source)
  return {
    name,
    digest:
      given.digest ?? (data === undefined ? hashText(`${name}\n${source}`) : digestOf(data)).slice(0, DIGEST_LENGTH),
    sourceType: given.sourceType ?? (isUrl ? 'http' : 'code'),
    source: isUrl ? JSON.stringify({ url: source }) : source || '{}',
    schema: asText(given.schema ?? (data === undefined ? undefined : schemaOf(data))),
    profile: asText(given.profile ?? (data === undefined ? undefined : profileOf(data)))
  }
}

const asText = (value: string | object | undefined): string | null =>
  value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value)

/** The same content gives the same digest, in every browser. A typed array counts as its bytes, rows as their JSON. */
function digestOf(data: Data): string {
  if (data instanceof ArrayBuffer) return hashBytes(new Uint8Array(data))
  if (ArrayBuffer.isView(data)) return hashBytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return hashText(JSON.stringify(data))
}

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)

/** MLflow's column schema of rows, from the first row that has each column. */
function schemaOf(data: Data): object | undefined {
  if (!Array.isArray(data) || !data.every(isRow) || data.length === 0) return undefined
  const types = new Map<string, string>()
  for (const row of data)
    for (const [name, value] of Object.entries(row))
      if (!types.has(name) && value != null) types.set(name, typeOf(value))
  const columns = [...types].map(([name, type]) => ({ type, name, required: data.every((row) => row[name] != null) }))
  return { mlflow_colspec: columns }
}

function typeOf(value: unknown): string {
  if (typeof value === 'number') return 'double'
  if (typeof value === 'bigint') return 'long'
  if (typeof value === 'boolean') return 'boolean'
  return value instanceof Date ? 'datetime' : 'string'
}

function profileOf(data: Data): object {
  if (data instanceof ArrayBuffer) return { nbytes: data.byteLength }
  if (ArrayBuffer.isView(data)) return { nbytes: data.byteLength, ...('length' in data && { size: data.length }) }
  const rows = data
  const width = rows.reduce<number>((widest, row) => Math.max(widest, isRow(row) ? Object.keys(row).length : 1), 0)
  return { num_rows: rows.length, num_elements: rows.length * width }
}
