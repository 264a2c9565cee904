/**
 * Values as MLflow's error texts show them: JSON as Python's json.dumps writes it, numbers as Python's repr, types by Python's names.
 * Clients and people search for these texts, so they are kept to the letter.
 */
import { invalid } from './errors.ts'

/** A value echoed in an error is cut here (ours): a megabyte key should not come back as a megabyte of message. */
const SHOWN_LENGTH = 2000
const SHOWN_DEPTH = 16

/** `json.dumps(value, sort_keys=True, separators=(",", ":"))`: compact, non-ASCII escaped, NaN and Infinity bare. */
export function pythonJson(value: unknown): string {
  const text = dump(value, 0)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}

/**
 * `json.dumps(value)`: `, ` and `: ` between the parts, keys in their order, non-ASCII escaped. Of what JSON.parse gave: nothing is cut.
 * Fails with INVALID_PARAMETER_VALUE past 200 levels, where Python's own bound is 1,000.
 */
export function pythonSpacedJson(value: unknown, depth = 0): string {
  if (depth > WRITTEN_DEPTH) throw invalid(`This JSON nests more than ${WRITTEN_DEPTH} levels.`)
  if (Array.isArray(value)) return `[${value.map((item) => pythonSpacedJson(item, depth + 1)).join(', ')}]`
  const plain = (item: unknown) => escapeNonAscii(JSON.stringify(item))
  if (typeof value !== 'object' || value === null) return plain(value)
  const fields = Object.entries(value).map(([key, item]) => `${plain(key)}: ${pythonSpacedJson(item, depth + 1)}`)
  return `{${fields.join(', ')}}`
}

const WRITTEN_DEPTH = 200

/** The JSON a value came from, by its Python type; a number without a fraction counts as int. */
export function pythonTypeName(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType'
  if (Array.isArray(value)) return 'list'
  switch (typeof value) {
    case 'string':
      return 'str'
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float'
    default:
      return 'dict'
  }
}

/** `repr(float)`: `1.0`, `1e-05`, `1e+16`, `nan`, `inf`. Both languages print the shortest digits; only the notation differs. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent < -4 || exponent >= 16)
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  const plain = String(value)
  return plain.includes('.') ? plain : `${plain}.0`
}

/** `repr(str)`: single quotes, double ones where the text holds a single quote and no double one. */
export function pythonText(text: string): string {
  const shown = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
  const quote = shown.includes("'") && !shown.includes('"') ? '"' : "'"
  const escaped = shown.replace(/[\\\n\r\t]/g, (sign) => SHORT_ESCAPES[sign]!)
  return quote + (quote === "'" ? escaped.replace(/'/g, "\\'") : escaped) + quote
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** `repr(bytes)`: `b'...'`, what is not printable ASCII as `\\xNN`. `text` holds a byte per unit. */
export function pythonBytes(text: string): string {
  const shown = pythonText(text).replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return `b${shown}`
}

/** `repr` of what JSON.parse gave: `None`, `True`, `['a']`, `{'k': 1}`. Cut like every value an error echoes. */
export function pythonRepr(value: unknown): string {
  const text = represent(value, 0)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}

function represent(value: unknown, depth: number): string {
  if (depth > SHOWN_DEPTH) return '…'
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : pythonFloat(value)
  if (Array.isArray(value)) return `[${value.map((item) => represent(item, depth + 1)).join(', ')}]`
  if (typeof value === 'string') return pythonText(value)
  const fields = Object.entries(value).map(([key, item]) => `${pythonText(key)}: ${represent(item, depth + 1)}`)
  return `{${fields.join(', ')}}`
}

/** JSON text in ASCII alone, as Python writes it by default. */
export const escapeNonAscii = (json: string): string =>
  json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

function dump(value: unknown, depth: number): string {
  if (depth > SHOWN_DEPTH) return '…'
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'NaN'
    return Number.isFinite(value) ? JSON.stringify(value) : value > 0 ? 'Infinity' : '-Infinity'
  }
  if (Array.isArray(value)) return `[${value.map((item) => dump(item, depth + 1)).join(',')}]`
  if (typeof value === 'object') {
    const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${fields.map(([key, item]) => `${quote(key)}:${dump(item, depth + 1)}`).join(',')}}`
  }
  if (typeof value === 'string') return quote(value)
  return typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : 'null'
}

/** Cut before it is quoted: what is shown is short, however long the value. */
const quote = (text: string): string =>
  escapeNonAscii(JSON.stringify(text.length > SHOWN_LENGTH ? text.slice(0, SHOWN_LENGTH) + '…' : text))
