/** Measurements as numbers, and the ways to cut and scale them before training. */
import { seededRandom, shuffle } from './random.ts'

export interface Samples {
  /** Row by row: the value of feature f of sample i is `x[i * features + f]`. */
  readonly x: Float64Array
  /** Class of each sample, 0 … classes - 1. */
  readonly y: Uint8Array
  readonly count: number
  readonly features: number
  readonly classes: number
}

export function createSamples(
  rows: readonly (readonly number[])[],
  labels: readonly number[],
  classes: number
): Samples {
  const features = rows[0]?.length ?? 0
  return { x: Float64Array.from(rows.flat()), y: Uint8Array.from(labels), count: rows.length, features, classes }
}

/** The samples at `indices`, in that order. */
export function pickSamples(samples: Samples, indices: readonly number[]): Samples {
  const { features } = samples
  const x = new Float64Array(indices.length * features)
  indices.forEach((from, to) => x.set(samples.x.subarray(from * features, (from + 1) * features), to * features))
  return { ...samples, x, y: Uint8Array.from(indices, (index) => samples.y[index]!), count: indices.length }
}

/** A stratified split: `share` of every class goes to `train`, the rest to `test`. The same seed cuts the same way. */
export function splitSamples(samples: Samples, share: number, seed: number): { train: Samples; test: Samples } {
  const random = seededRandom(seed)
  const train: number[] = []
  const test: number[] = []
  for (let label = 0; label < samples.classes; label++) {
    const members = Array.from(samples.y.keys()).filter((index) => samples.y[index] === label)
    const cut = Math.round(members.length * share)
    const mixed = shuffle(members, random)
    train.push(...mixed.slice(0, cut))
    test.push(...mixed.slice(cut))
  }
  return { train: pickSamples(samples, train), test: pickSamples(samples, test) }
}

/** Per feature, from the training part alone: the test part must not leak into it. */
export interface Scale {
  readonly mean: Float64Array
  readonly deviation: Float64Array
}

export function measureScale(samples: Samples): Scale {
  const { x, count, features } = samples
  const mean = new Float64Array(features)
  const deviation = new Float64Array(features)
  for (let at = 0; at < x.length; at++) mean[at % features]! += x[at]! / count
  for (let at = 0; at < x.length; at++) deviation[at % features]! += (x[at]! - mean[at % features]!) ** 2 / count
  // A feature that never varies is left where it is.
  return { mean, deviation: deviation.map((variance) => Math.sqrt(variance) || 1) }
}

export function standardise(samples: Samples, scale: Scale): Samples {
  const { features } = samples
  const x = samples.x.map((value, at) => (value - scale.mean[at % features]!) / scale.deviation[at % features]!)
  return { ...samples, x }
}
