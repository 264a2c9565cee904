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
