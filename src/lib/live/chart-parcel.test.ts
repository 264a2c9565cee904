import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RunId } from '#lib/domain/ids.ts'
import { ChartReader, ChartSender, isSameChart } from './chart-parcel.ts'
import type { ChartAnswer, ChartBand, ChartLine } from './protocol.ts'

const value = fc.oneof(fc.double(), fc.constantFrom(0, -0, NaN, Infinity, -Infinity))
const numbers = (most = 12) => fc.array(value, { maxLength: most }).map((all) => Float64Array.from(all))
const drawn = fc.record({
  x: numbers(),
  y: numbers(),
  nanX: numbers(3),
  posInfX: numbers(3),
  negInfX: numbers(3),
  count: fc.nat(),
  sampled: fc.boolean(),
  nanCount: fc.nat(),
  posInfCount: fc.nat(),
  negInfCount: fc.nat()
})
const curve = fc.option(fc.record({ x: numbers(), y: numbers() }))

/** What happens to one column between two answers: it grows, changes its end, or is another. */
const edit = fc.oneof(
  { weight: 4, arbitrary: fc.record({ keep: fc.constant(1), add: numbers(4) }) },
  { weight: 2, arbitrary: fc.record({ keep: fc.double({ min: 0, max: 1, noNaN: true }), add: numbers(4) }) }
)
type Edit = { readonly keep: number; readonly add: Float64Array }
const edited = (column: Float64Array, { keep, add }: Edit): Float64Array<ArrayBuffer> =>
  Float64Array.of(...column.subarray(0, Math.floor(keep * column.length)), ...add)

const line = fc.record({ runId: fc.constant('r' as RunId), raw: drawn, smooth: curve, unplaced: fc.nat() })
const band: fc.Arbitrary<ChartBand> = fc.record({
  group: fc.nat(),
  x: numbers(),
  mean: numbers(),
  min: numbers(),
  max: numbers(),
  runs: numbers()
})
const first: fc.Arbitrary<ChartAnswer> = fc.record({
  lines: fc.array(line, { minLength: 1, maxLength: 4 }),
  bands: fc.option(fc.array(band, { maxLength: 2 }))
})
const step = fc.record({
  /** Lines that a commit touched; the others are the very same. */
  touched: fc.array(fc.nat(3)),
  edits: fc.array(edit, { minLength: 12, maxLength: 12 }),
  smooth: fc.boolean(),
  again: fc.boolean()
})

function next(answer: ChartAnswer, { touched, edits, smooth }: { touched: number[]; edits: Edit[]; smooth: boolean }) {
  const lines = answer.lines.map((line, at): ChartLine => {
    if (!touched.includes(at)) return line
    const [a, b, c, d, e, f, g] = edits
    const { raw } = line
    return {
      ...line,
      raw: {
        ...raw,
        x: edited(raw.x, a!),
        y: edited(raw.y, b!),
        nanX: edited(raw.nanX, c!),
        posInfX: edited(raw.posInfX, d!),
        negInfX: edited(raw.negInfX, e!),
        count: raw.count + 1
      },
      smooth: smooth ? { x: edited(line.smooth?.x ?? raw.x, f!), y: edited(line.smooth?.y ?? raw.y, g!) } : null
    }
  })
  const bands = answer.bands?.map((band) => ({
    ...band,
    mean: edited(band.mean, edits[7]!),
    x: edited(band.x, edits[8]!)
  }))
  return { lines, bands: bands ?? null }
}

test('[CP1] what is read is what was packed, to the bit, whatever grew, shrank or changed; and what was read before stays as it was', () => {
  fc.assert(
    fc.property(first, fc.array(step, { maxLength: 8 }), (start, steps) => {
      const sender = new ChartSender()
      const reader = new ChartReader()
      let answer = start
      const seen: { readonly read: ChartAnswer; readonly copy: ChartAnswer }[] = []
      const deliver = () => {
        const read = reader.read(structuredClone(sender.pack(answer)))
        expect(read).toEqual(answer)
        seen.push({ read, copy: structuredClone(read) })
      }
      deliver()
      for (const change of steps) {
        if (change.again) sender.begin()
        answer = next(answer, change)
        deliver()
      }
      for (const { read, copy } of seen) expect(read).toEqual(copy)
    }),
    {
      seed: Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31),
      numRuns: Number(process.env['FUZZ_CASES'] ?? 500)
    }
  )
})

const flat = (y: number[]): ChartLine['raw'] => ({
  x: Float64Array.from(y, (_, i) => i),
  y: Float64Array.from(y),
  count: y.length,
  sampled: false,
  nanX: new Float64Array(),
  posInfX: new Float64Array(),
  negInfX: new Float64Array(),
  nanCount: 0,
  posInfCount: 0,
  negInfCount: 0
})
const lineOf = (name: string, y: number[]): ChartLine => ({
  runId: name as RunId,
  raw: flat(y),
  smooth: null,
  unplaced: 0
})

test('[CP2] appended points cost what they are, and lines nobody touched nothing', () => {
  const sender = new ChartSender()
  const reader = new ChartReader()
  const still = lineOf('still', Array.from({ length: 1000 }, Math.random))
  const y = Array.from({ length: 1000 }, Math.random)
  const before = reader.read(sender.pack({ lines: [still, lineOf('live', y)], bands: null }))
  const parcel = sender.pack({ lines: [still, lineOf('live', [...y, 7, 8])], bands: null })
  expect(parcel).toMatchObject({ whole: false, lines: [{ at: 1, columns: [1000, 2, 1000, 2, 0, 0, 0, 0, 0, 0] }] })
  expect([...parcel.numbers]).toEqual([1000, 1001, 7, 8])
  const after = reader.read(parcel)
  expect(after.lines[0]).toBe(before.lines[0])
  expect([...after.lines[1]!.raw.y]).toEqual([...y, 7, 8])
  expect(before.lines[1]!.raw.y).toHaveLength(1000)
})

test('[CP3] a thousand parcels of one point copy a line only now and then', () => {
  const sender = new ChartSender()
  const reader = new ChartReader()
  const y = [1, 2, 3]
  const buffers = new Set<ArrayBufferLike>()
  for (let i = 0; i < 1000; i++) {
    y.push(i)
    buffers.add(reader.read(sender.pack({ lines: [lineOf('live', y)], bands: null })).lines[0]!.raw.y.buffer)
  }
  expect(buffers.size).toBeLessThan(40)
})

test('[CP4] a parcel that goes on from what the reader never had is a bug, and says so', () => {
  const sender = new ChartSender()
  sender.pack({ lines: [lineOf('live', [1])], bands: null })
  const second = sender.pack({ lines: [lineOf('live', [1, 2])], bands: null })
  expect(() => new ChartReader().read(second)).toThrow(/Assertion/)
})

test('[CP5] two answers are the same when every number of them is, to the bit', () => {
  fc.assert(
    fc.property(first, fc.nat(), (answer, at) => {
      const copy = structuredClone(answer)
      expect(isSameChart(answer, copy)).toBe(true)
      const columns = [
        ...copy.lines.flatMap(({ raw }) => [raw.x, raw.y]),
        ...(copy.bands ?? []).map(({ mean }) => mean)
      ]
      const column = columns.filter(({ length }) => length > 0).at(at % Math.max(1, columns.length))
      if (column === undefined) return
      column[0] = Object.is(column[0], 7) ? -0 : 7
      expect(isSameChart(answer, copy)).toBe(false)
    })
  )
})
