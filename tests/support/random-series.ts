/** Random series of every sort a chunk has to hold: fast-check draws a recipe, from which the points are made. */
import fc from 'fast-check'
import { exactSeriesOf, type Series } from '#lib/domain/series.ts'
import { seededRandom } from '#lib/demo/random.ts'

export function seriesFrom(steps: readonly number[], timestamps: readonly number[], values: readonly number[]): Series {
  return {
    steps: Float64Array.from(steps),
    timestamps: Float64Array.from(timestamps),
    values: Float64Array.from(values)
  }
}

type Random = () => number
/** Of point i, after the one before it. */
type Next = (random: Random, i: number, last: number) => number

const SAFE = Number.MAX_SAFE_INTEGER
const whole = (random: Random, below: number): number => Math.floor(random() * below)
const either = (random: Random, magnitude: number): number => whole(random, 2 * magnitude + 1) - magnitude

const INTEGERS: Readonly<Record<string, Next>> = {
  constant: () => 7,
  counting: (_, i) => i,
  'even but for one': (_, i) => (i % 997 === 996 ? i + 1 : i),
  down: (_, i) => 3 - 3 * i,
  'counting with pauses': (random, i, last) => (i === 0 ? 0 : last + (random() < 0.05 ? 100 : 1)),
  'epoch ms': (random, i, last) => (i === 0 ? 1_764_363_600_000 : last + 20 + whole(random, 20)),
  'repeated and back': (random) => either(random, 3),
  'any 32 bits': (random) => either(random, 2 ** 31),
  'any safe': (random) => either(random, SAFE),
  'at the edges': (random) =>
    [SAFE, -SAFE, SAFE - 1, 2 ** 52, -(2 ** 52), 2 ** 52 - 1, 1 - 2 ** 52, 0][whole(random, 8)]!,
  'far and even': (_, i) => -SAFE + i * 2 ** 37,
  'nearly even': (_, i) => 1e12 + i * 1e9 + (i % 50 === 0 ? 1 : 0)
}

const SPECIALS = [
  NaN,
  Infinity,
  -Infinity,
  -0,
  0,
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
  Number.MAX_VALUE,
  1e-45,
  3.4e38
]
const anyDouble = (random: Random): number => {
  const words = Uint32Array.of(random() * 2 ** 32, random() * 2 ** 32)
  return new Float64Array(words.buffer)[0]!
}

const VALUES: Readonly<Record<string, Next>> = {
  constant: () => 0.1,
  'constant -0': () => -0,
  'constant NaN': () => NaN,
  specials: (random) => SPECIALS[whole(random, SPECIALS.length)]!,
  'any bits': anyDouble,
  'any float32 bits': (random) => new Float32Array(Uint32Array.of(random() * 2 ** 32).buffer)[0]!,
  doubles: (random) => random() + random() * 2 ** -32,
  float32: (random) => Math.fround(random()),
  'float32 with gaps': (random) => (random() < 0.1 ? SPECIALS[whole(random, 4)]! : Math.fround(random())),
  whole: (random) => either(random, 1000),
  'wide whole': (random) => either(random, SAFE),
  percent: (random) => Math.round(random() * 10_000) / 100,
  'six places': (random) => either(random, 1e9) / 1e6,
  'decimals, then none': (random, i) => (i % 701 === 700 ? random() : whole(random, 100) / 10),
  'more places later': (_, i) => (i < 400 ? i : i / 8),
  'decimals and -0': (random) => (random() < 0.01 ? -0 : whole(random, 100) / 10)
}

/** Of 64-bit integers, some beyond what a double holds. */
const BIG = [2n ** 63n - 1n, -(2n ** 63n) + 1n, 2n ** 53n, -(2n ** 53n) - 1n, 2n ** 53n - 1n, 0n, 1n, -1n]

const length = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 2, 3) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 700 }) },
  { weight: 2, arbitrary: fc.integer({ min: 700, max: 6000 }) }
)

const made = fc
  .record({
    length,
    seed: fc.nat(),
    steps: fc.constantFrom(...Object.keys(INTEGERS)),
    timestamps: fc.constantFrom(...Object.keys(INTEGERS)),
    values: fc.constantFrom(...Object.keys(VALUES)),
    exact: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })
  })
  .map((recipe) => makeSeries(recipe))

export interface Recipe {
  readonly length: number
  readonly seed: number
  readonly steps: string
  readonly timestamps: string
  readonly values: string
  readonly exact?: boolean
}

export function makeSeries({ length, seed, steps, timestamps, values, exact = false }: Recipe): Series {
  const random = seededRandom(seed)
  const valueColumn = column(length, random, VALUES[values]!)
  if (exact) {
    const axis = () => BigInt64Array.from({ length }, () => BIG[whole(random, BIG.length)]!)
    return exactSeriesOf({ steps: axis(), timestamps: axis() }, valueColumn)
  }
  return {
    steps: column(length, random, INTEGERS[steps]!),
    timestamps: column(length, random, INTEGERS[timestamps]!),
    values: valueColumn
  }
}

function column(length: number, random: Random, next: Next): Float64Array<ArrayBuffer> {
  const numbers = new Float64Array(length)
  let last = 0
  for (let i = 0; i < length; i++) numbers[i] = last = next(random, i, last)
  return numbers
}

const point = fc.record({ step: fc.maxSafeInteger(), timestamp: fc.maxSafeInteger(), value: fc.double() })
const drawn = fc.array(point, { maxLength: 50 }).map((points) =>
  seriesFrom(
    points.map(({ step }) => step),
    points.map(({ timestamp }) => timestamp),
    points.map(({ value }) => value)
  )
)

/** Also with every value, step and timestamp drawn by itself, so that a failing case shrinks to the one that matters. */
export const anySeries: fc.Arbitrary<Series> = fc.oneof({ weight: 4, arbitrary: made }, { weight: 1, arbitrary: drawn })

/** What a recipe may name. */
export const INTEGER_RECIPES = Object.keys(INTEGERS)
export const VALUE_RECIPES = Object.keys(VALUES)
