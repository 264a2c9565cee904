/** One value per run as bars: where they start and end, and the same as an SVG file. */
import { cellText } from './shown.ts'
import { escape } from './svg.ts'

export interface Bar {
  readonly runId: string
  /** As logged: NaN and ±Infinity too; null when the run has none. */
  readonly value: number | null
}

/** From the lowest to the highest value, 0 always among them. */
export function barScale(bars: readonly Bar[]): readonly [low: number, high: number] {
  let low = 0
  let high = 0
  for (const { value } of bars) {
    if (value === null || !Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return low === high ? [0, 1] : [low, high]
}

/**
 * Where a bar lies, as shares of the whole width: from 0 to its value, whichever is left.
 *
 * returns  null for what has no length: NaN and nothing. An infinity goes to its end
 */
export function barSpan(
  value: number | null,
  [low, high]: readonly [number, number]
): { readonly from: number; readonly to: number } | null {
  if (value === null || Number.isNaN(value)) return null
  // Halves, as the width of a scale near the largest doubles is no double.
  const share = (at: number): number => (at / 2 - low / 2) / (high / 2 - low / 2)
  const ends = [share(0), Math.min(1, Math.max(0, share(Math.min(high, Math.max(low, value)))))] as const
  return { from: Math.min(...ends), to: Math.max(...ends) }
}

/** In words where there is no number to show. */
export const barText = (value: number | null): string => (value === null ? 'no value' : cellText(value))

/** For reading beside a bar; the exact value is in its title, and in the table. */
export const shortBarText = (value: number | null): string =>
  value === null || !Number.isFinite(value) ? barText(value) : String(Number(value.toPrecision(6)))

export interface BarsPicture {
  readonly title: string
  readonly bars: readonly Bar[]
  readonly nameOf: (runId: string) => string
  /** Resolved, as a file knows no custom properties. */
  readonly colorOf: (runId: string) => string
  readonly width: number
  readonly font: string
  readonly ink: string
  readonly faint: string
  readonly rule: string
  readonly paper: string
}

const ROW = 20
const TITLE_HEIGHT = 26
/** Bars in a file; the rest is counted. */
const MOST_BARS = 400

export function barsSvg({ bars, width, font, paper, ink, faint, rule, ...picture }: BarsPicture): string {
  const scale = barScale(bars)
  const shown = bars.slice(0, MOST_BARS)
  const height = TITLE_HEIGHT + (shown.length + (bars.length > shown.length ? 1 : 0)) * ROW + 8
  const [nameWidth, valueWidth] = [width * 0.3, 132]
  const area = width - nameWidth - valueWidth - 24
  const letters = Math.floor(nameWidth / 6.2)
  const rows = shown.map(({ runId, value }, i) => {
    const span = barSpan(value, scale)
    const name = picture.nameOf(runId)
    const bar = span
      ? `<rect x="${12 + nameWidth + span.from * area}" y="3" width="${Math.max(1, (span.to - span.from) * area)}" height="${ROW - 6}" rx="2" fill="${picture.colorOf(runId)}"/>`
      : ''
    const cut = name.length > letters ? `${name.slice(0, letters - 1)}…` : name
    return `<g transform="translate(0 ${TITLE_HEIGHT + i * ROW})"><text x="12" y="14">${escape(cut)}</text>${bar}<text x="${width - 12}" y="14" text-anchor="end">${escape(barText(value))}</text></g>`
  })
  const zero = 12 + nameWidth + barSpan(0, scale)!.from * area
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escape(font)}" font-size="11" fill="${ink}">`,
    `<rect width="${width}" height="${height}" fill="${paper}"/>`,
    `<text x="12" y="18" font-size="13" font-weight="600">${escape(picture.title)}</text>`,
    ...rows,
    `<path d="M${zero} ${TITLE_HEIGHT}V${TITLE_HEIGHT + shown.length * ROW}" stroke="${rule}"/>`,
    ...(bars.length > shown.length
      ? [`<text x="12" y="${height - 10}" fill="${faint}">${bars.length - shown.length} more</text>`]
      : []),
    '</svg>'
  ].join('\n')
}
