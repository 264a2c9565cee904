import { describe, expect, it } from 'vitest'
import { confusionToCsv, countConfusion } from './confusion.ts'
import { loadIris } from './iris.ts'
import { seededRandom } from './random.ts'
import { measureScale, splitSamples, standardise, type Samples } from './samples.ts'
import { createModel, descend, gradientOf, objective, predict, score, type Model } from './train.ts'

const prepare = (seed = 7): { train: Samples; test: Samples } => {
  const { train, test } = splitSamples(loadIris().samples, 0.7, seed)
  const scale = measureScale(train)
  return { train: standardise(train, scale), test: standardise(test, scale) }
}

const fit = (samples: Samples, rate: number, epochs: number, l2 = 0.001): Model => {
  let model = createModel(samples.features, samples.classes)
  for (let epoch = 0; epoch < epochs; epoch++) model = descend(model, samples, rate, l2)
  return model
}

describe('the iris measurements', () => {
  it('are the real ones', () => {
    const { samples, species, csv } = loadIris()
    expect([samples.count, samples.features, samples.classes]).toEqual([150, 4, 3])
    expect(species).toEqual(['setosa', 'versicolor', 'virginica'])
    expect(csv.split('\n')[1]).toBe('5.1,3.5,1.4,0.2,setosa')
    // Fisher's published means, to two digits.
    expect([...measureScale(samples).mean].map((mean) => mean.toFixed(2))).toEqual(['5.84', '3.06', '3.76', '1.20'])
  })

  it('split the same way for the same seed, every flower once, every species in the same share', () => {
    const { samples } = loadIris()
    const { train, test } = splitSamples(samples, 0.7, 7)
    expect([train.count, test.count]).toEqual([105, 45])
    for (let label = 0; label < 3; label++) expect(train.y.filter((y) => y === label)).toHaveLength(35)
    expect([...train.x, ...test.x].sort()).toEqual([...samples.x].sort())
    expect(splitSamples(samples, 0.7, 7).test.x).toEqual(test.x)
    expect(splitSamples(samples, 0.7, 8).test.x).not.toEqual(test.x)
  })

  it('are standardised by the training part alone', () => {
    const { mean, deviation } = measureScale(prepare().train)
    for (const value of mean) expect(value).toBeCloseTo(0, 10)
    for (const value of deviation) expect(value).toBeCloseTo(1, 10)
  })
})

describe('training', () => {
  it('has the gradient that finite differences find', () => {
    const { train } = prepare()
    const random = seededRandom(1)
    const model: Model = {
      weights: Float64Array.from({ length: 12 }, () => random() * 2 - 1),
      bias: Float64Array.from({ length: 3 }, () => random() * 2 - 1)
    }
    const gradient = gradientOf(model, train, 0.05)
    const h = 1e-6
    const slope = (move: (by: number) => Model): number =>
      (objective(move(h), train, 0.05) - objective(move(-h), train, 0.05)) / (2 * h)
    for (let at = 0; at < 12; at++) {
      const moved = slope((by) => ({ ...model, weights: model.weights.with(at, model.weights[at]! + by) }))
      expect(gradient.weights[at]).toBeCloseTo(moved, 7)
    }
    for (let at = 0; at < 3; at++) {
      const moved = slope((by) => ({ ...model, bias: model.bias.with(at, model.bias[at]! + by) }))
      expect(gradient.bias[at]).toBeCloseTo(moved, 7)
    }
  })

  it.each([0.01, 0.1, 1])('makes the objective smaller in every epoch at rate %d', (rate) => {
    const { train } = prepare()
    let model = createModel(4, 3)
    let before = objective(model, train, 0.001)
    expect(before).toBeCloseTo(Math.log(3), 12)
    for (let epoch = 0; epoch < 200; epoch++) {
      model = descend(model, train, rate, 0.001)
      const after = objective(model, train, 0.001)
      expect(after).toBeLessThan(before)
      before = after
    }
  })

  it('tells the species apart on flowers it has not seen, whatever the split', () => {
    const accuracies = Array.from({ length: 20 }, (_, seed) => {
      const { train, test } = prepare(seed)
      const slow = score(fit(train, 0.01, 200), test)
      const good = score(fit(train, 1, 200), test)
      expect(good.loss).toBeLessThan(slow.loss)
      return good.accuracy
    })
    // 45 flowers a split: one split's accuracy is no more than an estimate, so the mean is what is asked for.
    const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length
    expect(mean).toBeGreaterThan(0.94)
    expect(Math.min(...accuracies)).toBeGreaterThan(0.85)
  })

  it('survives scores that would overflow', () => {
    const { train } = prepare()
    const model = { weights: new Float64Array(12).fill(800).fill(-800, 4), bias: new Float64Array(3) }
    expect(Number.isFinite(score(model, train).loss)).toBe(true)
  })
})

describe('the confusion matrix', () => {
  it('counts every flower once, true class by row', () => {
    const { train, test } = prepare()
    const predicted = predict(fit(train, 1, 200), test)
    const { counts } = countConfusion(test.y, predicted, loadIris().species)
    expect(counts.map((row) => row.reduce((sum, count) => sum + count, 0))).toEqual([15, 15, 15])
  })

  it('is written as CSV with its classes', () => {
    const confusion = countConfusion(Uint8Array.of(0, 1, 1), Uint8Array.of(0, 1, 0), ['a', 'b'])
    expect(confusionToCsv(confusion)).toBe('true \\ predicted,a,b\na,1,0\nb,1,1\n')
  })
})
