/** Values as people read them. The exact value stays one hover or one copy away: see `exactNumber`. */

const DIGITS = 4
const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** NaN and the infinities are written, never hidden. */
const special = (value: number): string | null =>
  Number.isFinite(value) ? null : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'

/**
 * A number for reading: four significant digits, whole numbers below a million in full, powers of ten past 10^6 and under 10^-4.
 * Zeros at the end stay (`0.9000`), so that a column lines up and a live value keeps its width.
 */
export function formatNumber(value: number): string {
  const written = special(value)
  if (written !== null) return written
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (Number.isInteger(value) && size < 1e6) return grouped.format(value)
  // Rounding decides the form: 999,999.7 reads as 1.000e6, not as 1,000,000.
  const rounded = Number(value.toPrecision(DIGITS))
  const roundedSize = Math.abs(rounded)
  if (roundedSize >= 1e6 || roundedSize < 1e-4) return exponent(value)
  return roundedSize >= 1000 ? grouped.format(rounded) : value.toPrecision(DIGITS)
}

const exponent = (value: number): string => value.toExponential(DIGITS - 1).replace('e+', 'e')

/** The value itself, with every digit it has. */
export const exactNumber = (value: number): string => special(value) ?? String(value)

/** A count of things, in full. */
export const formatCount = (count: number): string => grouped.format(count)

const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** Bytes in powers of a thousand: `0 B`, `34 KB`, `1.8 MB`. */
export function formatBytes(bytes: number): string {
  let amount = bytes
  let unit = 0
  while (amount >= 999.5 && unit < BYTE_UNITS.length - 1) {
    amount /= 1000
    unit++
  }
  const digits = unit === 0 || amount >= 9.95 ? 0 : 1
  return `${amount.toFixed(digits)} ${BYTE_UNITS[unit]}`
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A length of time in at most two units: `340 ms`, `8.4 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '—'
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < 10 * SECOND) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`
  if (ms < HOUR) return pair(ms, MINUTE, 'min', SECOND, 's')
  if (ms < DAY) return pair(ms, HOUR, 'h', MINUTE, 'min')
  return pair(ms, DAY, 'd', HOUR, 'h')
}

function pair(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const whole = Math.floor(ms / big)
  const rest = Math.floor((ms % big) / small)
  return rest === 0 ? `${whole} ${bigName}` : `${whole} ${bigName} ${rest} ${smallName}`
}

const dayInYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const dayAndYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })

/** A moment as seen from `now`, both epoch ms: `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`, then the date. */
export function formatRelative(time: number, now: number): string {
  const past = now - time
  // Two clocks are never quite equal: a moment slightly ahead is still now.
  if (Math.abs(past) < 5 * SECOND) return 'just now'
  const size = Math.abs(past)
  if (size >= 30 * DAY) {
    const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear()
    return (sameYear ? dayInYear : dayAndYear).format(time)
  }
  const amount =
    size < MINUTE
      ? `${Math.floor(size / SECOND)} s`
      : size < HOUR
        ? `${Math.floor(size / MINUTE)} min`
        : size < DAY
          ? `${Math.floor(size / HOUR)} h`
          : `${Math.floor(size / DAY)} d`
  return past > 0 ? `${amount} ago` : `in ${amount}`
}

/** A moment exactly, in the reader's own time zone: `2025-03-09 14:05:09.120 +01:00`. */
export function formatExactTime(time: number): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return '—'
  const two = (part: number): string => String(part).padStart(2, '0')
  const offset = -date.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${day} ${clock}.${String(date.getMilliseconds()).padStart(3, '0')} ${zone}`
}

/** A name within a sentence: quoted, and cut where it would crowd out the rest. */
export const quoteName = (name: string): string => `“${name.length > 60 ? `${name.slice(0, 59)}…` : name}”`

/** `1 run`, `3 runs`. */
export const plural = (count: number, one: string, many: string = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`
