/**
 * One field at a time, as MLflow's protobuf parser takes them: what can be read without guessing is read, everything else is a 400 that
 * names the field and the Python type of what was sent. Unknown fields are never looked at.
 *
 * Stricter than MLflow in one way: it drops a value of the wrong type in silence where it has no validator for the field, and all
 * fields after it; here every such value is refused. Unknown enum names are the exception, which its clients may send.
 */
import { pythonTypeName } from '#lib/domain/python-text.ts'
import { invalidValue, missing, validateInteger, validateText, wrongType } from '#lib/domain/validate.ts'
import type { JsonFields } from './json.ts'

export class Fields {
  readonly #values: JsonFields
  readonly #path: string
  readonly #fromQuery: boolean

  /** `path` stands before the names in messages: `metrics[1]`. `fromQuery`: everything is text, as in a query string. */
  constructor(values: JsonFields, path = '', { fromQuery = false } = {}) {
    this.#values = values
    this.#path = path
    this.#fromQuery = fromQuery
  }

  /** Absent and null are one. */
  #value(name: string): unknown {
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined
    return value === null ? undefined : value
  }

  name(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }

  #refuse(name: string, value: unknown): Error {
    return wrongType(this.name(name), value, pythonTypeName(value))
  }

  text(name: string): string | undefined {
    const value = this.#value(name)
    if (value === undefined) return undefined
    if (typeof value !== 'string') throw this.#refuse(name, value)
    validateText(value, this.name(name))
    return value
  }

  /** Empty counts as missing. */
  requiredText(name: string): string {
    const value = this.text(name)
    if (value === undefined || value === '') throw missing(this.name(name))
    return value
  }

  /** `run_id`, or `run_uuid`, its old name. */
  requiredRunId(): string {
    const runId = this.text('run_id')
    return runId ? runId : this.text('run_uuid') || this.requiredText('run_id')
  }

  /** int32 and int64: a number without a fraction, or its decimal digits in a string. */
  integer(name: string): number | undefined {
    const value = this.#value(name)
    if (value === undefined) return undefined
    const number =
      typeof value === 'bigint' || (typeof value === 'string' && /^[+-]?\d+$/.test(value)) ? Number(value) : value
    if (typeof number !== 'number' || (Number.isFinite(number) && !Number.isInteger(number)) || Number.isNaN(number))
      throw this.#refuse(name, value)
    validateInteger(number, this.name(name))
    // -0 is an integer like 0, and must not be stored as something else.
    return number + 0
  }

  /** int64 whole: a bigint where no double holds it. */
  long(name: string): number | bigint | undefined {
    const value = this.#value(name)
    const isDigits = typeof value === 'string' && /^[+-]?\d{16,19}$/.test(value)
    if (typeof value !== 'bigint' && !isDigits) return this.integer(name)
    const big = typeof value === 'bigint' ? value : BigInt(value.replace(/^\+/, ''))
    if (big !== BigInt.asIntN(64, big)) return this.integer(name)
    return Number.isSafeInteger(Number(big)) ? Number(big) : big
  }

  requiredLong(name: string): number | bigint {
    this.#demand(name)
    return this.long(name)!
  }

  requiredInteger(name: string): number {
    this.#demand(name)
    return this.integer(name)!
  }

  /** A number, its text, NaN and the infinities in either form, or a boolean as 1 or 0. */
  double(name: string): number | undefined {
    const value = this.#value(name)
    if (value === undefined || typeof value === 'number') return value
    if (typeof value === 'bigint') return Number(value)
    if (typeof value === 'boolean') return value ? 1 : 0
    const number = typeof value === 'string' ? parseDouble(value) : undefined
    if (number === undefined) throw this.#refuse(name, value)
    return number
  }

  requiredDouble(name: string): number {
    this.#demand(name)
    return this.double(name)!
  }

  /** true or false; in a query string their text, in any case. */
  boolean(name: string): boolean | undefined {
    const value = this.#value(name)
    if (value === undefined || typeof value === 'boolean') return value
    const text = this.#fromQuery && typeof value === 'string' ? value.toLowerCase() : ''
    if (text !== 'true' && text !== 'false') throw this.#refuse(name, value)
    return text === 'true'
  }

  #demand(name: string): void {
    const value = this.#value(name)
    if (value === undefined || value === '') throw missing(this.name(name))
  }

  /** A name of the list or its number (from 1), also as text. An unknown name counts as not sent, as in MLflow. */
  oneOf<T extends string>(name: string, names: readonly T[]): T | undefined {
    const value = this.#value(name)
    if (value === undefined) return undefined
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : null
    const found = names.find((candidate, index) => candidate === text || String(index + 1) === text)
    if (found === undefined && typeof value !== 'string') throw this.#refuse(name, value)
    return found
  }

  /** The same of what must be there and be known; numbers count from `first`. */
  requiredOneOf<T extends string>(name: string, names: readonly T[], first = 1): T {
    this.#demand(name)
    const value = this.#value(name)
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : null
    const found = names.find((candidate, index) => candidate === text || String(index + first) === text)
    if (found === undefined) throw invalidValue(this.name(name), value, `Expected one of ${names.join(', ')}.`)
    return found
  }

  #list(name: string): readonly unknown[] {
    const value = this.#value(name)
    if (value === undefined) return []
    if (!Array.isArray(value)) throw this.#refuse(name, value)
    return value
  }

  texts(name: string): readonly string[] {
    return this.#list(name).map((item, index) => {
      if (typeof item !== 'string') throw this.#refuse(`${name}[${index}]`, item)
      validateText(item, this.name(`${name}[${index}]`))
      return item
    })
  }

  /** The same of a list that must be there; it may be empty. */
  requiredTexts(name: string): readonly string[] {
    this.#demand(name)
    return this.texts(name)
  }

  /** A list of messages, each to be read with its own path. */
  messages(name: string): readonly Fields[] {
    return this.#list(name).map((item, index) => {
      if (typeof item !== 'object' || item === null || Array.isArray(item))
        throw this.#refuse(`${name}[${index}]`, item)
      return new Fields(item as JsonFields, this.name(`${name}[${index}]`))
    })
  }

  /** The same of a list that must be there; it may be empty. */
  requiredMessages(name: string): readonly Fields[] {
    this.#demand(name)
    return this.messages(name)
  }

  requiredMessage(name: string): Fields {
    const value = this.#value(name)
    if (value === undefined) throw missing(this.name(name))
    if (typeof value !== 'object' || Array.isArray(value)) throw this.#refuse(name, value)
    return new Fields(value as JsonFields, this.name(name))
  }
}

const NAMED: Readonly<Record<string, number>> = { nan: NaN, infinity: Infinity, inf: Infinity }

function parseDouble(text: string): number | undefined {
  const named = /^([+-]?)(nan|infinity|inf)$/i.exec(text)
  if (named) return (named[1] === '-' ? -1 : 1) * NAMED[named[2]!.toLowerCase()]!
  return /^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}
