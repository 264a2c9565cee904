/** JSON as MLflow reads and writes it: more lenient than the standard coming in, protobuf's conventions going out. */
import { RunnelError, invalid } from '#lib/domain/errors.ts'
import { randomHex } from '#lib/domain/ids.ts'
import { buildsAtMost } from '#lib/domain/json-size.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { escapeNonAscii, pythonTypeName } from '#lib/domain/python-text.ts'

export type JsonFields = Readonly<Record<string, unknown>>

/** What a field of an answer can hold; undefined fields are left out. */
export type Message = { readonly [field: string]: MessageValue | undefined }
export type MessageValue = string | number | bigint | boolean | Message | readonly MessageValue[]

export function jsonResponse(message: Message, init: ResponseInit = {}): Response {
  const headers = new Headers(init.headers)
  headers.set('Content-Type', 'application/json')
  headers.set('X-Content-Type-Options', 'nosniff')
  return new Response(writeJson(message), { ...init, headers })
}

/**
 * Two spaces of indent, non-ASCII as \uXXXX. Doubles must have gone through `wireDouble`.
 * Fails with RESOURCE_EXHAUSTED when no text can be so long.
 */
export function writeJson(message: Message): string {
  try {
    return escapeNonAscii(stringify(message))
  } catch (cause) {
    // No text can be longer than half a gigabyte or so, and what was logged can add up to more.
    if (!(cause instanceof RangeError)) throw cause
    throw new RunnelError('RESOURCE_EXHAUSTED', 'The answer is too large to be sent. Ask for less at once.', { cause })
  }
}

function stringify(message: Message): string {
  try {
    return JSON.stringify(message, null, 2)
  } catch (error) {
    // A bigint, which JSON.stringify refuses. There hardly ever is one, so nothing is spent on looking for it before.
    if (!(error instanceof TypeError)) throw error
    return stringifyBig(message)
  }
}

/** Bigints as their digits. They go through JSON.stringify as texts behind a mark, which nobody can have logged, as it is new every time. */
function stringifyBig(message: Message): string {
  const mark = `${randomHex(16)}:`
  const marked = JSON.stringify(
    message,
    (_, value: unknown) => (typeof value === 'bigint' ? `${mark}${value}` : value),
    2
  )
  return marked.replace(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1')
}

/** The largest finite double: what ±Infinity is on MLflow's wire, because its own store keeps it so. Ours keeps the real one. */
const MOST = Number.MAX_VALUE

export const wireDouble = (value: number): number | 'NaN' =>
  Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? value : value > 0 ? MOST : -MOST

/**
 * The fields of a request body.
 *
 * text     the body; bare NaN and ±Infinity are allowed, and a JSON text inside a JSON string (old clients) is read once more
 * returns  its fields; none when the body is empty, null or not JSON at all
 * fails    INVALID_PARAMETER_VALUE when it is JSON but neither an object nor null (MLflow answers 500), or of too many values
 */
export function parseJsonBody(text: string): JsonFields {
  let value = parseLenient(text)
  if (typeof value === 'string') value = parseLenient(value)
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value))
    throw invalid(`Invalid request body: expected a JSON object. Hint: Value was of type '${pythonTypeName(value)}'.`)
  return value as JsonFields
}

/** undefined for what is not JSON. */
function parseLenient(text: string): unknown {
  if (!buildsAtMost(text, LIMITS.jsonValues)) throw tooManyValues()
  // What no double holds has sixteen digits at least. Looking at every value again is not free.
  const mayBeBig = /\d{16}/.test(text)
  try {
    return mayBeBig ? (JSON.parse(text, withBigIntegers) as unknown) : JSON.parse(text)
  } catch {
    // Not strict JSON; Python's own dialect is tried below.
  }
  const spelled = spellOutBareNumbers(text)
  try {
    return JSON.parse(spelled, (key, value: unknown, context?: ReviverContext) =>
      value === NAN_MARK ? NaN : withBigIntegers(key, value, context)
    ) as unknown
  } catch {
    return undefined
  }
}

/** What a browser of before 2025 does not give: there such an integer is the nearest double, and refused as one. */
interface ReviverContext {
  readonly source?: string
}

/** A 64-bit integer as it was written. More digits are no integer anybody takes, and would take long to read. */
function withBigIntegers(_: string, value: unknown, context?: ReviverContext): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source
  return source !== undefined && /^-?\d{16,19}$/.test(source) ? BigInt(source) : value
}

const tooManyValues = (): RunnelError =>
  invalid(`A JSON body holds at most ${LIMITS.jsonValues} values. Send it in parts.`)

/** Stands for a bare NaN between the two passes. The NUL keeps it apart from anything a client would send. */
const NAN_MARK = '\0NaN'

/** Bare `NaN` and `Infinity` outside strings, rewritten so that JSON.parse takes them. One linear pass. */
function spellOutBareNumbers(text: string): string {
  let out = ''
  let copied = 0
  let inString = false
  let words = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text[i]
    if (inString) {
      if (unit === '\\') i++
      else if (unit === '"') inString = false
      continue
    }
    if (unit === '"') inString = true
    const [word, spelled] = text.startsWith('NaN', i) ? NAN : text.startsWith('Infinity', i) ? INFINITY : NONE
    if (word.length === 0) continue
    if (++words > LIMITS.jsonValues) throw tooManyValues()
    out += text.slice(copied, i) + spelled
    i += word.length - 1
    copied = i + 1
  }
  return out + text.slice(copied)
}

const NAN = ['NaN', JSON.stringify(NAN_MARK)] as const
/** Overflows to Infinity; a minus before it does the rest. */
const INFINITY = ['Infinity', '1e999'] as const
const NONE = ['', ''] as const
