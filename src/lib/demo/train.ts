/**
 * Multinomial logistic regression by gradient descent over the whole training set.
 *
 *   P(c | x) = softmax(W x + b)_c        objective = mean cross-entropy + l2 / 2 · ‖W‖²
 *
 * Plain numbers in, plain numbers out: nothing here knows of a browser, a run or a clock.
 */
import type { Samples } from './samples.ts'

export interface Model {
  /** classes × features, row by row. */
  readonly weights: Float64Array
  readonly bias: Float64Array
}

export interface Score {
  /** Mean cross-entropy in nats, without the penalty: what train and test are compared by. */
  readonly loss: number
  /** Share of samples whose most probable class is theirs, 0 … 1. */
  readonly accuracy: number
}

/** All zeros: every class equally likely. The objective is convex, so the start decides nothing. */
export const createModel = (features: number, classes: number): Model => ({
  weights: new Float64Array(classes * features),
  bias: new Float64Array(classes)
})

/** One step of gradient descent. Returns the next model; the given one is not changed. */
export function descend(model: Model, samples: Samples, learningRate: number, l2: number): Model {
  const gradient = gradientOf(model, samples, l2)
  return {
    weights: model.weights.map((weight, at) => weight - learningRate * gradient.weights[at]!),
    bias: model.bias.map((bias, at) => bias - learningRate * gradient.bias[at]!)
  }
}

/** The slope of the objective in every weight and bias. */
export function gradientOf(model: Model, samples: Samples, l2: number): Model {
  const { x, y, count, features, classes } = samples
  const weights = model.weights.map((weight) => l2 * weight)
  const bias = new Float64Array(classes)
  for (let i = 0; i < count; i++) {
    const logs = logProbabilities(model, samples, i)
    for (let c = 0; c < classes; c++) {
      const off = (Math.exp(logs[c]!) - (y[i] === c ? 1 : 0)) / count
      bias[c]! += off
      for (let f = 0; f < features; f++) weights[c * features + f]! += off * x[i * features + f]!
    }
  }
  return { weights, bias }
}

/** What gradient descent makes small. */
export function objective(model: Model, samples: Samples, l2: number): number {
  const norm = model.weights.reduce((sum, weight) => sum + weight * weight, 0)
  return score(model, samples).loss + (l2 / 2) * norm
}

export function score(model: Model, samples: Samples): Score {
  let loss = 0
  let right = 0
  for (let i = 0; i < samples.count; i++) {
    const logs = logProbabilities(model, samples, i)
    const truth = samples.y[i]!
    loss -= logs[truth]! / samples.count
    if (largest(logs) === truth) right++
  }
  return { loss, accuracy: right / samples.count }
}

/** The most probable class of every sample. */
export const predict = (model: Model, samples: Samples): Uint8Array =>
  Uint8Array.from({ length: samples.count }, (_, i) => largest(logProbabilities(model, samples, i)))

/** log P(c | x_i) for every class c, by log-sum-exp so that large scores do not overflow. */
function logProbabilities(model: Model, samples: Samples, i: number): Float64Array {
  const { x, features, classes } = samples
  const scores = Float64Array.from(model.bias)
  for (let c = 0; c < classes; c++)
    for (let f = 0; f < features; f++) scores[c]! += model.weights[c * features + f]! * x[i * features + f]!
  const top = Math.max(...scores)
  const total = top + Math.log(scores.reduce((sum, value) => sum + Math.exp(value - top), 0))
  return scores.map((value) => value - total)
}

function largest(values: Float64Array): number {
  let best = 0
  for (let at = 1; at < values.length; at++) if (values[at]! > values[best]!) best = at
  return best
}
