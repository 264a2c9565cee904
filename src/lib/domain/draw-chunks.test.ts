import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { envelopeOf } from './chunk/envelope.ts'
import {
  chunksInView,
  drawChunks,
  isFineEnough,
  type ChunkSpan,
  type DrawnPiece,
  type SeriesView
} from './draw-chunks.ts'
import { downsample, withNeighbours, type Drawn } from './downsample.ts'
import { axisValues, concatSeries, seriesOf, sliceSeries, type Series } from './series.ts'

interface Chunk extends ChunkSpan {
  readonly points: Series
}

const chunkOf = (points: Series): Chunk => ({
  points,
  stepLow: Math.min(...points.steps),
  stepHigh: Math.max(...points.steps),
  timestampLow: Math.min(...points.timestamps),
  timestampHigh: Math.max(...points.timestamps)
})

/** As a page would be answered; `opened` counts the chunks whose points had to be read. */
function draw(chunks: readonly Chunk[], view: SeriesView): { drawn: Drawn; opened: number } {
  let opened = 0
  const pieces = chunksInView(chunks, view).map(({ chunk, whole }): DrawnPiece => {
    const envelope = envelopeOf(chunk.points)
    if (whole && isFineEnough(envelope, chunks, view)) return { envelope }
    opened++
    return { points: chunk.points }
  })
  return { drawn: drawChunks(pieces, chunks, view), opened }
}

const ORIGIN = 1_000_000

interface Walk {
  readonly count: number
  readonly seed: number
  readonly stride: number
  readonly odd: readonly { readonly at: number; readonly value: number }[]
}

/** A walk with spikes and values that are no numbers; a stride below 1 repeats steps. */
function walk({ count, seed, stride, odd }: Walk): Series {
  let level = 0
  let state = seed
  const points = Array.from({ length: count }, (_, i) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    level += state / 2_147_483_648 - 0.5
    return { step: Math.floor(i * stride), timestamp: ORIGIN + i * 3, value: level }
  })
  for (const { at, value } of odd) points[at % count] = { ...points[at % count]!, value }
  return seriesOf(points)
}

const anyWalk: fc.Arbitrary<Walk> = fc.record({
  count: fc.integer({ min: 1, max: 9000 }),
  seed: fc.nat(),
  stride: fc.constantFrom(0, 0.25, 1, 7),
  odd: fc.array(fc.record({ at: fc.nat(), value: fc.constantFrom(NaN, Infinity, -Infinity, 1e6, -1e6) }), {
    maxLength: 12
  })
})

const anyView = (x: Float64Array): fc.Arbitrary<Pick<SeriesView, 'range' | 'buckets'>> => {
  const low = Math.min(...x)
  const high = Math.max(...x)
  const inside = fc.double({ min: low - 5, max: high + 5, noNaN: true })
  return fc.record({
    buckets: fc.integer({ min: 1, max: 60 }),
    range: fc.option(
      fc.tuple(inside, inside).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
      { nil: null }
    )
  })
}

describe('a series drawn from its chunks', () => {
  test('[DC1] counts what is there, draws only what was logged, and covers every extreme in its pixel column or one beside it', () => {
    fc.assert(
      fc.property(
        anyWalk,
        fc.integer({ min: 300, max: 4000 }),
        fc.constantFrom('step', 'time', 'relative'),
        fc.gen(),
        (how, size, axis, gen) => {
          const all = walk(how)
          const chunks = Array.from({ length: Math.ceil(all.values.length / size) }, (_, i) =>
            chunkOf(sliceSeries(all, i * size, (i + 1) * size))
          )
          const x = axisValues(all, axis, ORIGIN)
          const view: SeriesView = { axis, origin: ORIGIN, ...gen(anyView, x) }
          const { drawn } = draw(chunks, view)
          const [low, high] = view.range ?? [Math.min(...x), Math.max(...x)]
          const plain = downsample(x, all.values, [low, high], view.buckets)
          for (const field of ['count', 'nanCount', 'posInfCount', 'negInfCount'] as const)
            expect(drawn[field]).toBe(plain[field])
          expect(drawn.x.length).toBeLessThanOrEqual(4 * view.buckets + 2)

          const logged = new Set(Array.from(x, (at, i) => `${at}/${all.values[i]}`))
          drawn.x.forEach((at, i) => expect(logged).toContain(`${at}/${drawn.y[i]}`))

          const width = (high - low) / view.buckets || 1
          x.forEach((at, i) => {
            const value = all.values[i]!
            if (at < low || at > high || !Number.isFinite(value)) return
            // The farthest places in two columns side by side are two widths apart.
            const near = drawn.y.filter((_, j) => Math.abs(drawn.x[j]! - at) <= 2 * width)
            expect(Math.min(...near)).toBeLessThanOrEqual(value)
            expect(Math.max(...near)).toBeGreaterThanOrEqual(value)
          })
        }
      ),
      { numRuns: 60 }
    )
  })

  test('[DC2] a spike among a million points is drawn at every zoom, and far out no chunk is opened', () => {
    const spike = 654_321
    const all = walk({ count: 1_000_000, seed: 1, stride: 1, odd: [{ at: spike, value: 1e9 }] })
    const chunks = Array.from({ length: 16 }, (_, i) => chunkOfMany(sliceSeries(all, i * 65_536, (i + 1) * 65_536)))
    const view = { axis: 'step', origin: 0, buckets: 800 } as const
    expect(draw(chunks, { ...view, range: null }).opened).toBe(0)
    for (const width of [1_000_000, 300_000, 50_000, 4000, 700, 40, 3]) {
      const { drawn } = draw(chunks, { ...view, range: [spike - width / 2, spike + width / 2] })
      const at = drawn.y.indexOf(1e9)
      expect([width, drawn.x[at]]).toEqual([width, spike])
    }
    const { opened, drawn } = draw(chunks, { ...view, range: [100_000, 900_000] })
    expect(opened).toBeLessThanOrEqual(2)
    expect(drawn.count).toBe(800_001)
  })

  test('[DC3] what lies nearest outside a range comes too, also from a chunk of its own, and late points count', () => {
    const early = seriesOf([0, 1, 2].map((step) => ({ step, timestamp: step, value: step })))
    const late = seriesOf([10, 11].map((step) => ({ step, timestamp: step, value: step })))
    const resumed = seriesOf([1, 2, 3].map((step) => ({ step, timestamp: 100 + step, value: -step })))
    const chunks = [early, late, resumed].map(chunkOf)
    for (const range of [[4, 9] as const, [2, 2] as const, [-5, -1] as const, [3, 10] as const, [12, 20] as const]) {
      const { drawn } = draw(chunks, { axis: 'step', origin: 0, range, buckets: 10 })
      const all = concatSeries([early, late, resumed])
      const plain = withNeighbours(downsample(all.steps, all.values, range, 10), all.steps, all.values, range)
      expect([range, [...drawn.x]]).toEqual([range, [...plain.x]])
    }
  })

  test('[DC4] no chunks at all are nothing', () => {
    const { drawn } = draw([], { axis: 'step', origin: 0, range: null, buckets: 10 })
    expect(drawn).toMatchObject({ count: 0, sampled: false })
    expect(drawn.x).toHaveLength(0)
  })
})

/** The same without spreading 65,536 arguments. */
const chunkOfMany = (points: Series): Chunk => ({
  points,
  stepLow: points.steps[0]!,
  stepHigh: points.steps.at(-1)!,
  timestampLow: points.timestamps[0]!,
  timestampHigh: points.timestamps.at(-1)!
})
