import type { ChartX } from '#lib/live/protocol.ts'

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 4 })

/** A step on an axis: `1,000`, and `1.5M` where digits would no longer be read. */
export const stepText = (step: number): string =>
  Math.abs(step) >= 1_000_000 ? compact.format(step) : grouped.format(step)

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Distances between ticks of a relative time axis, in milliseconds: the ones people count in. */
export const RELATIVE_STEPS: readonly number[] = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((n) => n * DAY)
]

/** The same for a time axis, and the months (30 days) and years (365) that uPlot knows how to place. */
export const TIME_STEPS: readonly number[] = [
  ...RELATIVE_STEPS.filter((step) => step <= 20 * DAY),
  ...[1, 2, 3, 6].map((n) => n * 30 * DAY),
  ...[1, 2, 5, 10].map((n) => n * 365 * DAY)
]

/** Distances between ticks of a step axis: whole numbers only. */
export const STEP_STEPS: readonly number[] = Array.from({ length: 16 }, (_, power) =>
  [1, 2, 5].map((n) => n * 10 ** power)
).flat()

/** Ticks of a relative axis in one unit, the largest that the distance between ticks is a whole part of. */
export function relativeTexts(ticks: readonly number[]): string[] {
  const gap = ticks.length > 1 ? ticks[1]! - ticks[0]! : Math.abs(ticks[0] ?? 0)
  const [unit, name] =
    gap >= DAY
      ? [DAY, 'd']
      : gap >= HOUR
        ? [HOUR, 'h']
        : gap >= MINUTE
          ? [MINUTE, 'min']
          : gap >= SECOND
            ? [SECOND, 's']
            : [1, 'ms']
  return ticks.map((tick) => (tick === 0 ? '0' : `${grouped.format(tick / unit)} ${name}`))
}

const part = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(undefined, { hourCycle: 'h23', ...options })
const hourMinute = { hour: '2-digit', minute: '2-digit' } as const
const TIMES: readonly (readonly [from: number, format: Intl.DateTimeFormat])[] = [
  [28 * DAY, part({ month: 'short', year: 'numeric' })],
  [DAY, part({ month: 'short', day: 'numeric' })],
  [MINUTE, part(hourMinute)],
  [SECOND, part({ ...hourMinute, second: '2-digit' })],
  [0, part({ ...hourMinute, second: '2-digit', fractionalSecondDigits: 3 })]
]

/**
 * Ticks of a time axis, in one line and this place's own time: as much of the time as tells neighbours apart, the date at midnight.
 *
 * gap  milliseconds between ticks
 */
export function timeTexts(ticks: readonly number[], gap: number): string[] {
  const format = TIMES.find(([from]) => gap >= from)![1]
  const atMidnight = (tick: number): boolean => new Date(tick).setHours(0, 0, 0, 0) === tick
  const byDay = TIMES[1]![1]
  return ticks.map((tick) => (gap < DAY && atMidnight(tick) ? byDay : format).format(tick))
}

/** Ticks of a y axis: as many decimals as tell neighbours apart, powers of ten where zeros would only fill the space. */
export function valueTexts(ticks: readonly (number | null)[]): string[] {
  const numbers = ticks.filter((tick) => tick !== null)
  const largest = Math.max(0, ...numbers.map(Math.abs))
  const gap = numbers.length > 1 ? Math.abs(numbers[1]! - numbers[0]!) : largest
  const decimals = decimalsOf(gap)
  const short = numbers.map((tick) => compact.format(tick))
  const tellsApart = new Set(short).size === new Set(numbers).size
  const text = (tick: number | null): string => {
    if (tick === null) return ''
    if (tick === 0) return '0'
    if (largest >= 100_000 && largest < 1e15 && tellsApart) return compact.format(tick)
    if (largest >= 1e15 || largest < 0.001)
      return tick.toExponential(Math.max(0, decimals + Math.floor(Math.log10(largest)))).replace('e+', 'e')
    return decimals === 0 ? grouped.format(tick) : tick.toFixed(decimals)
  }
  return ticks.map(text)
}

/** Decimals that write `gap` out: 0.25 has two. Stops at 12, below which doubles are noise. */
function decimalsOf(gap: number): number {
  if (gap === 0) return 0
  for (let decimals = 0; decimals < 12; decimals++) {
    const scaled = gap * 10 ** decimals
    if (scaled >= 1 - 1e-9 && Math.abs(scaled - Math.round(scaled)) < scaled * 1e-6) return decimals
  }
  return 12
}

/** Powers of ten a log axis shows at most; more of them are thinned out evenly. */
const POWERS = 6

/**
 * The ticks of a log axis worth a line and a label: the powers of ten, and between them 2 and 5 where there is only one power or none.
 *
 * returns  parallel to `ticks`, null for the others
 */
export function logTicks(ticks: readonly number[]): (number | null)[] {
  const power = (tick: number): number | null => {
    const exponent = Math.log10(tick)
    return Math.abs(exponent - Math.round(exponent)) < 1e-6 ? Math.round(exponent) : null
  }
  const powers = ticks.map(power).filter((exponent) => exponent !== null)
  const every = Math.ceil(powers.length / POWERS)
  if (powers.length >= 2) return ticks.map((tick) => ((power(tick) ?? NaN) % every === 0 ? tick : null))
  const round = (tick: number): boolean =>
    [1, 2, 5].includes(Math.round(tick / 10 ** Math.floor(Math.log10(tick) + 1e-9)))
  const kept = ticks.map((tick) => (round(tick) ? tick : null))
  return kept.filter((tick) => tick !== null).length >= 2 ? kept : [...ticks]
}

/** A tick of a log axis: the powers of ten plain while they are short. */
export const logText = (tick: number | null): string => {
  if (tick === null) return ''
  if (tick < 0.001 || tick >= 100_000) return tick.toExponential(0).replace('e+', 'e')
  return tick >= 1000 ? grouped.format(tick) : String(Number(tick.toPrecision(6)))
}

const clockTime = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3
})

/** A value with every digit it has; NaN and the infinities in words, and the sign of a negative zero. */
export const exactText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

/** Where the cursor stands, exactly: `step 412`, `12.345 s`, `loss 0.25`, or a date with milliseconds. */
export function positionText(x: number, axis: ChartX): string {
  if (typeof axis === 'object') return `${axis.metric} ${exactText(x)}`
  if (axis === 'step') return `step ${grouped.format(x)}`
  if (axis === 'time') return clockTime.format(x)
  if (x < MINUTE) return `${Number((x / SECOND).toFixed(3))} s`
  const hours = Math.floor(x / HOUR)
  const rest = `${Math.floor((x % HOUR) / MINUTE)} min ${Number(((x % MINUTE) / SECOND).toFixed(3))} s`
  return hours > 0 ? `${grouped.format(hours)} h ${rest}` : rest
}
