/** Facts of every shape, for fast-check. */
import fc from 'fast-check'
import type { Json } from '#lib/domain/json.ts'
import { packSeries } from '#lib/domain/chunk/chunk.ts'
import { inOrder } from '#lib/domain/series-order.ts'
import { seriesOf } from '#lib/domain/series.ts'
import type { Cell, Facts, SeriesFacts } from '#lib/domain/sync/facts.ts'

export const packed = (points: Parameters<typeof seriesOf>[0]): Uint8Array => packSeries(seriesOf(points))

const fields = fc.constantFrom(
  'g',
  'n',
  's',
  'x',
  'h',
  'p/a',
  'p/__proto__',
  't/a',
  't/\u{1F600}',
  't/',
  'a/b/c.txt',
  'c/1',
  'd/["a","d"]'
)

const values: fc.Arbitrary<Json> = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
  fc.integer(),
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 3 })
)

/** Whole microseconds, near enough to one another that some are equal. */
export const anyHlc = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1.7e15, max: 1.7e15 + 99 }))

const anyPoint = fc.record({
  step: fc.integer({ min: -3, max: 3 }),
  timestamp: fc.integer({ min: 0, max: 3 }),
  value: fc.constantFrom(0, -0, 0.5, NaN, Infinity, -Infinity, 1e300)
})

/** In the order of their fields, each once. */
export const anyCells: fc.Arbitrary<Cell[]> = fc
  .uniqueArray(fc.record({ field: fields, value: values, hlc: anyHlc }), { selector: ({ field }) => field })
  .map((cells) => cells.sort((a, b) => (a.field < b.field ? -1 : 1)))

const anySeriesFacts = (to: number): fc.Arbitrary<SeriesFacts[]> =>
  fc
    .uniqueArray(
      fc.record({
        key: fc.constantFrom('loss', 'acc', '__proto__', ''),
        to: fc.integer({ min: 1, max: to }),
        points: fc
          .array(anyPoint, { minLength: 1, maxLength: 6 })
          .map((points) => packSeries(inOrder(seriesOf(points))) as Uint8Array | null),
        sealed: fc.constant(null)
      }),
      { selector: ({ key }) => key }
    )
    .map((series) => series.sort((a, b) => (a.key < b.key ? -1 : 1)))

export const factsBetween = (from: number, to: number): fc.Arbitrary<Facts> =>
  fc.record({ from: fc.constant(from), to: fc.constant(to), cells: anyCells, series: anySeriesFacts(to) })

export const anyFacts: fc.Arbitrary<Facts> = fc
  .tuple(fc.integer({ min: 1, max: 1e6 }), fc.nat({ max: 300 }))
  .chain(([from, more]) => factsBetween(from, from + more))
