/** Ids: branded strings, minted here and obtained elsewhere only by parsing. */
import { invalid } from './errors.ts'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** 32 lower-case hex digits when we mint it; imported data may hold anything MLflow's pattern allows. */
export type RunId = Branded<'RunId'>
/** A decimal string below 2^53; the Default experiment is `0`. */
export type ExperimentId = Branded<'ExperimentId'>
/** `m-` and 32 lower-case hex digits when we mint it; as free as a run id otherwise. */
export type ModelId = Branded<'ModelId'>
/** A ULID: 26 digits of Crockford's base 32, of which the first ten say when it was minted. A version's number may change, this does not. */
export type ModelVersionId = Branded<'ModelVersionId'>
/** 64 lower-case hex digits: the SHA-256 of a blob's bytes. */
export type BlobId = Branded<'BlobId'>

export const DEFAULT_EXPERIMENT_ID = '0' as ExperimentId

/** Fills a buffer with random bytes; `crypto.getRandomValues` outside tests. */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => void

const cryptoBytes: RandomBytes = (bytes) => void crypto.getRandomValues(bytes)

export function randomHex(byteCount: number, random: RandomBytes = cryptoBytes): string {
  const bytes = new Uint8Array(byteCount)
  random(bytes)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export const newRunId = (random?: RandomBytes): RunId => randomHex(16, random) as RunId

export const newModelId = (random?: RandomBytes): ModelId => `m-${randomHex(16, random)}` as ModelId

/** Crockford's base 32: no I, L, O and U. */
const ULID_DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export function newModelVersionId(timeMs: number, random: RandomBytes = cryptoBytes): ModelVersionId {
  const bytes = new Uint8Array(10)
  random(bytes)
  const time = BigInt(Math.min(Math.max(Math.floor(timeMs), 0), 2 ** 48 - 1))
  let value = bytes.reduce((all, byte) => (all << 8n) | BigInt(byte), time)
  let digits = ''
  for (let i = 0; i < 26; i++) {
    digits = ULID_DIGITS[Number(value & 31n)]! + digits
    value >>= 5n
  }
  return digits as ModelVersionId
}

export function isModelVersionId(text: string): text is ModelVersionId {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text)
}

/** A random integer in [1, 2^53), so that two replicas never allocate the same one. */
export function newExperimentId(random: RandomBytes = cryptoBytes): ExperimentId {
  const bytes = new Uint8Array(8)
  for (;;) {
    random(bytes)
    const value = new DataView(bytes.buffer).getBigUint64(0) & ((1n << 53n) - 1n)
    if (value > 0n) return value.toString() as ExperimentId
  }
}

/** Runs and models: their ids become folders of artifacts, so they hold neither dots nor slashes. */
const ID = /^[a-zA-Z0-9][\w-]{0,255}$/

export function isRunId(text: string): text is RunId {
  return ID.test(text)
}

export function isModelId(text: string): text is ModelId {
  return ID.test(text)
}

export function parseRunId(text: string): RunId {
  if (!isRunId(text)) throw invalid(`Invalid value ${JSON.stringify(text)} for parameter 'run_id' supplied.`)
  return text
}

export function parseModelId(text: string): ModelId {
  if (!isModelId(text)) throw invalid(`Invalid value ${JSON.stringify(text)} for parameter 'model_id' supplied.`)
  return text
}

export function parseExperimentId(text: string): ExperimentId {
  if (!/^-?\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw invalid(`Invalid experiment ID '${text}'. Experiment ID must be a valid integer.`)
  return String(Number(text)) as ExperimentId
}
