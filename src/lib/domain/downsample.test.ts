import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { downsample, withNeighbours } from './downsample.ts'
import { assertSeries, axisValues, pointsOf, seriesOf } from './series.ts'
import { cpuMs } from '../../../tests/support/cpu-ms.ts'

interface Place {
  readonly x: number
  readonly y: number
}

const arrays = (points: readonly Place[]) =>
  [Float64Array.from(points, (point) => point.x), Float64Array.from(points, (point) => point.y)] as const

/** The plain words of the rule: sort what is in the range, cut it into buckets, pick four of each. */
function bruteForce(points: readonly Place[], range: readonly [number, number] | null, buckets: number) {
  const xs = points.map((point) => point.x)
  const [low, high] = range ?? [Math.min(...xs), Math.max(...xs)]
  const inRange = points.filter((point) => point.x >= low && point.x <= high).toSorted((a, b) => a.x - b.x)
  const finite = inRange.filter((point) => Number.isFinite(point.y))
  const cut = new Map<number, Place[]>()
  for (const point of finite) {
    const bucket = high > low ? Math.min(buckets - 1, Math.floor((point.x - low) * (buckets / (high - low)))) : 0
    cut.set(bucket, [...(cut.get(bucket) ?? []), point])
  }
  return { inRange, finite, cut: [...cut.values()] }
}

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -20, max: 20 }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324) }
)
const points = fc.oneof(
  fc.array(fc.record({ x: fc.integer({ min: -50, max: 50 }), y: value }), { maxLength: 200 }),
  fc.array(fc.record({ x: fc.double({ noNaN: true, min: -1e15, max: 1e15 }), y: value }), { maxLength: 200 })
)
const range = fc.option(
  fc
    .tuple(fc.integer({ min: -60, max: 60 }), fc.integer({ min: 0, max: 60 }))
    .map(([from, width]) => [from, from + width] as const)
)
const buckets = fc.integer({ min: 1, max: 12 })
const RUNS = {
  seed: Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31),
  numRuns: Number(process.env['FUZZ_CASES'] ?? 500)
}

const property = (check: (points: Place[], range: readonly [number, number] | null, buckets: number) => void) =>
  fc.assert(fc.property(points, range, buckets, check), RUNS)

describe('downsample', () => {
  it('leaves a series whole while it is short enough', () => {
    property((points, range, buckets) => {
      const { inRange, finite } = bruteForce(points, range, buckets)
      const drawn = downsample(...arrays(points), range, buckets)
      expect(drawn.count).toBe(inRange.length)
      expect(drawn.sampled).toBe(finite.length > 4 * buckets)
      if (!drawn.sampled) {
        expect([...drawn.x]).toEqual(finite.map((point) => point.x))
        expect([...drawn.y]).toEqual(finite.map((point) => point.y))
      }
    })
  })

  it('keeps first, last, least and greatest of every bucket, and nothing that was not there', () => {
    property((points, range, buckets) => {
      const { finite, cut } = bruteForce(points, range, buckets)
      const drawn = downsample(...arrays(points), range, buckets)
      const kept = new Set([...drawn.x].map((x, i) => `${x} ${drawn.y[i]}`))
      const given = new Set(finite.map((point) => `${point.x} ${point.y}`))
      expect([...kept].filter((point) => !given.has(point))).toEqual([])
      for (const bucket of cut) {
        const ys = bucket.map((point) => point.y)
        const ends = [bucket[0]!, bucket.at(-1)!].map((point) => `${point.x} ${point.y}`)
        expect([...kept]).toEqual(expect.arrayContaining(ends))
        const keptHere = [...drawn.y].filter((_, i) => drawn.x[i]! >= bucket[0]!.x && drawn.x[i]! <= bucket.at(-1)!.x)
        expect(Math.min(...keptHere)).toBe(Math.min(...ys))
        expect(Math.max(...keptHere)).toBe(Math.max(...ys))
      }
    })
  })

  it('gives x ascending, and no more than four points and marks per bucket', () => {
    property((points, range, buckets) => {
      const drawn = downsample(...arrays(points), range, buckets)
      for (const xs of [drawn.x, drawn.nanX, drawn.posInfX, drawn.negInfX]) {
        expect([...xs]).toEqual([...xs].toSorted((a, b) => a - b))
        expect(xs.length).toBeLessThanOrEqual(4 * buckets)
      }
      expect(drawn.y.length).toBe(drawn.x.length)
    })
  })

  it('marks what is no number where it is, and counts it', () => {
    property((points, range, buckets) => {
      const { inRange } = bruteForce(points, range, buckets)
      const drawn = downsample(...arrays(points), range, buckets)
      const kinds = [
        [drawn.nanX, drawn.nanCount, (y: number) => Number.isNaN(y)],
        [drawn.posInfX, drawn.posInfCount, (y: number) => y === Infinity],
        [drawn.negInfX, drawn.negInfCount, (y: number) => y === -Infinity]
      ] as const
      for (const [marks, count, isKind] of kinds) {
        const there = inRange.filter((point) => isKind(point.y)).map((point) => point.x)
        expect(count).toBe(there.length)
        if (there.length <= 4 * buckets) expect([...marks]).toEqual(there)
        else {
          expect(there).toEqual(expect.arrayContaining([...marks]))
          expect(marks[0]).toBe(there[0])
        }
      }
    })
  })

  it('does not depend on the order points came in, but for those at one x', () => {
    property((points, range, buckets) => {
      const apart = [...new Map(points.map((point) => [point.x + 0, point])).values()]
      const drawn = downsample(...arrays(apart), range, buckets)
      expect(downsample(...arrays(apart.toSorted((a, b) => a.x - b.x)), range, buckets)).toEqual(drawn)
      expect(downsample(...arrays(apart.toReversed()), range, buckets)).toEqual(drawn)
    })
  })

  it('changes nothing it was given and hands out arrays of its own', () => {
    const [x, y] = arrays([
      { x: 2, y: 1 },
      { x: 1, y: NaN },
      { x: 0, y: 3 }
    ])
    const drawn = downsample(x, y, null, 10)
    expect([[...x], [...y]]).toEqual([
      [2, 1, 0],
      [1, NaN, 3]
    ])
    const buffers = [drawn.x, drawn.y, drawn.nanX, drawn.posInfX, drawn.negInfX].map((array) => array.buffer)
    expect(new Set([...buffers, x.buffer, y.buffer]).size).toBe(7)
    expect(buffers.map((buffer) => buffer.byteLength)).toEqual([16, 16, 8, 0, 0])
  })

  it('takes an empty series, one x, and odd numbers of buckets', () => {
    const none = new Float64Array()
    expect(downsample(none, none, null, 100)).toMatchObject({ count: 0, sampled: false, x: none })
    const still = Float64Array.from({ length: 100 }, () => 7)
    const drawn = downsample(
      still,
      still.map((_, i) => i % 10),
      null,
      0.5
    )
    expect([[...drawn.x], [...drawn.y]]).toEqual([
      [7, 7, 7],
      [0, 9, 9]
    ])
    expect(drawn.sampled).toBe(true)
    expect(downsample(still, still, [8, 9], 10)).toMatchObject({ count: 0, sampled: false })
    expect(downsample(still, still, [7, 7], NaN).x.length).toBe(2)
  })

  it('thins a million points, a third of them no numbers, in linear time', () => {
    const n = 1_000_000
    const x = Float64Array.from({ length: n }, (_, i) => i)
    const y = Float64Array.from({ length: n }, (_, i) => (i % 3 ? Math.sin(i / 1000) : NaN))
    y[777_777] = 50
    let drawn = downsample(x, y, null, 1000)
    // 20 ms of a quiet core.
    expect(cpuMs(() => (drawn = downsample(x, y, null, 1000)))).toBeLessThan(1000)
    expect(drawn).toMatchObject({ count: n, sampled: true, nanCount: 333_333 })
    expect(Math.max(...drawn.y)).toBe(50)
    expect(drawn.nanX.length).toBe(1000)
  })
})

describe('a series', () => {
  const series = seriesOf([
    { step: 3, timestamp: 1000, value: 0.5 },
    { step: -1, timestamp: 900, value: NaN }
  ])

  it('is points and back', () => {
    expect(pointsOf(series)).toEqual([
      { step: 3, timestamp: 1000, value: 0.5 },
      { step: -1, timestamp: 900, value: NaN }
    ])
    expect(pointsOf(seriesOf([]))).toEqual([])
  })

  it('stands on each axis', () => {
    expect([...axisValues(series, 'step', 900)]).toEqual([3, -1])
    expect([...axisValues(series, 'time', 900)]).toEqual([1000, 900])
    expect([...axisValues(series, 'relative', 900)]).toEqual([100, 0])
    expect([...series.timestamps]).toEqual([1000, 900])
  })

  it('asserts its invariants', () => {
    assertSeries(series)
    const broken = { ...series, values: new Float64Array(1) }
    expect(() => assertSeries(broken)).toThrow(/one length/)
    expect(() => assertSeries({ ...series, steps: Float64Array.of(1, 1.5) })).toThrow(/integers/)
    expect(() => assertSeries({ ...series, timestamps: Float64Array.of(1, NaN) })).toThrow(/finite/)
  })
})

it('[DS9] neighbours: one finite point beyond each end, none invented', () => {
  const x = Float64Array.of(5, 1, 2, 9, 8, 0)
  const y = Float64Array.of(50, 10, NaN, 90, 80, 0)
  const range = [3, 6] as const
  const drawn = withNeighbours(downsample(x, y, range, 10), x, y, range)
  expect([...drawn.x]).toEqual([1, 5, 8])
  expect([...drawn.y]).toEqual([10, 50, 80])
  const between = withNeighbours(downsample(x, y, [3, 4], 10), x, y, [3, 4])
  expect([...between.x]).toEqual([1, 5])
  expect(between.count).toBe(0)
  const all = downsample(x, y, [0, 9], 10)
  expect(withNeighbours(all, x, y, [0, 9])).toBe(all)
})
