/** A chart as an SVG file: the same picture, with what its surroundings say on the page (title, legend) beneath it. */
import type { LineScene } from './line-picture.ts'
import { toPixels, type View } from './paint.ts'
import type { PlotBox } from './plot-frame.ts'
import { firstAtLeast, type BandTracks, type Track } from './tracks.ts'

export interface LegendEntry {
  readonly name: string
  readonly color: string
}

export interface SvgTick {
  /** CSS pixels from the plot's left or top edge. */
  readonly at: number
  readonly text: string
}

export interface SvgChart {
  /** CSS pixels, axes included; title and legend come on top. */
  readonly width: number
  readonly height: number
  readonly box: PlotBox
  readonly title: string
  readonly legend: readonly LegendEntry[]
  readonly xTicks: readonly SvgTick[]
  readonly yTicks: readonly SvgTick[]
  readonly font: string
  readonly ink: string
  readonly faint: string
  readonly rule: string
  readonly paper: string
  /** Elements inside the plot, its top left corner being 0, 0. */
  readonly content: string
}

const TITLE_HEIGHT = 26
const LEGEND_ROW = 16
/** Names in a legend; the rest is counted. */
const LEGEND_ENTRIES = 24
const LEGEND_COLUMN = 180

export function chartSvg(chart: SvgChart): string {
  const { width, box, font, paper, ink } = chart
  const columns = Math.max(1, Math.floor(width / LEGEND_COLUMN))
  const rows = Math.ceil(Math.min(chart.legend.length, LEGEND_ENTRIES + 1) / columns)
  const height = TITLE_HEIGHT + chart.height + rows * LEGEND_ROW + 8
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escape(font)}">`,
    `<rect width="${width}" height="${height}" fill="${paper}"/>`,
    `<text x="12" y="18" font-size="13" font-weight="600" fill="${ink}">${escape(chart.title)}</text>`,
    `<g transform="translate(${box.left} ${box.top + TITLE_HEIGHT})">`,
    axes(chart),
    `<clipPath id="plot"><rect y="-1" width="${box.width}" height="${box.height + 2}"/></clipPath>`,
    `<g clip-path="url(#plot)" fill="none" stroke-linejoin="round">${chart.content}</g>`,
    '</g>',
    legend(chart, columns, TITLE_HEIGHT + chart.height + LEGEND_ROW),
    '</svg>'
  ].join('\n')
}

function axes({ box, xTicks, yTicks, faint, rule }: SvgChart): string {
  const { width, height } = box
  const y = yTicks.map(
    ({ at, text }) =>
      `<path d="M0 ${r(at)}H${r(width)}" stroke="${rule}" stroke-dasharray="2 3"/><text x="-8" y="${r(at + 3.5)}" text-anchor="end" font-size="10.5" fill="${faint}">${escape(text)}</text>`
  )
  const x = xTicks.map(
    ({ at, text }) =>
      `<text x="${r(at)}" y="${r(height + 15)}" text-anchor="middle" font-size="10.5" fill="${faint}">${escape(text)}</text>`
  )
  return [...y, ...x, `<path d="M0 ${r(height)}H${r(width)}" stroke="${rule}"/>`].join('')
}

function legend({ legend: all, width, ink }: SvgChart, columns: number, top: number): string {
  const rest = all.length - LEGEND_ENTRIES
  const shown = rest > 1 ? all.slice(0, LEGEND_ENTRIES) : all
  const column = width / columns
  const place = (i: number): string =>
    `translate(${r(12 + (i % columns) * column)} ${top + Math.floor(i / columns) * LEGEND_ROW})`
  const entries = shown.map(
    ({ name, color }, i) =>
      `<g transform="${place(i)}"><rect y="-8" width="8" height="8" rx="2" fill="${color}"/><text x="13" font-size="11" fill="${ink}">${escape(cut(name, (column - 20) / 6))}</text></g>`
  )
  if (rest > 1)
    entries.push(`<text transform="${place(shown.length)}" font-size="11" fill="${ink}">${rest} more</text>`)
  return entries.join('')
}

/** Bands, lines, means and marks, in the order they are painted. */
export function lineShapes(scene: LineScene, view: View): string {
  const behind = scene.bands.length > 0 ? 0.28 : 1
  const bands = scene.bands.map(
    (band) => `<path d="${bandPath(band, view)}" fill="${scene.bandColor(band.band.group)}" opacity="0.16"/>`
  )
  const line = (track: Track, color: string, opacity: number, width = 1.5): string =>
    `<path d="${trackPath(track, view)}" stroke="${color}" stroke-width="${width}" stroke-linecap="round"${opacity < 1 ? ` opacity="${opacity}"` : ''}/>`
  const raw = scene.lines.map(({ raw, smooth, runId }) =>
    line(raw, scene.colorOf(runId), smooth === null ? behind : 0.28 * behind)
  )
  const smooth = scene.lines.flatMap(({ smooth, runId }) =>
    smooth ? [line(smooth, scene.colorOf(runId), behind)] : []
  )
  const means = scene.bands.map(({ band, x, mean }) => line({ x, at: mean }, scene.bandColor(band.group), 1, 2))
  return [...bands, ...raw, ...smooth, ...means, marks(scene, view)].join('\n')
}

/** A point alone is a line of no length: its round ends make it a dot. */
function trackPath({ x, at }: Track, view: View): string {
  const pixels = toPixels(view)
  const start = Math.max(0, firstAtLeast(x, view.x[0]) - 1)
  let path = ''
  let isDown = false
  for (let i = start; i < x.length; i++) {
    const place = at[i]!
    if (Number.isNaN(place)) isDown = false
    else {
      const point = `${r(pixels.x(x[i]!))} ${r(pixels.y(place))}`
      const isAlone = !isDown && Number.isNaN(at[i + 1] ?? NaN)
      path += isDown ? `L${point}` : isAlone ? `M${point}h0` : `M${point}`
      isDown = true
    }
    if (x[i]! > view.x[1]) break
  }
  return path
}

function bandPath({ x, min, max }: BandTracks, view: View): string {
  const pixels = toPixels(view)
  const y = (place: number): string => r(Number.isNaN(place) ? view.height : pixels.y(place))
  const top = Array.from(x, (at, i) => `${r(pixels.x(at))} ${y(max[i]!)}`)
  const bottom = Array.from(x, (at, i) => `${r(pixels.x(at))} ${y(min[i]!)}`).reverse()
  return x.length === 0 ? '' : `M${[...top, ...bottom].join('L')}Z`
}

const MARK = 6

function marks({ lines, markColor }: LineScene, view: View): string {
  const pixels = toPixels(view)
  const { height } = view
  const mark = (xs: Float64Array, tip: number, base: number): string[] =>
    Array.from(xs, (x) => pixels.x(x)).map(
      (at) => `M${r(at)} ${r(tip)}L${r(at - MARK / 2)} ${r(base)}H${r(at + MARK / 2)}Z`
    )
  const path = lines.flatMap(({ line: { raw } }) => [
    ...mark(raw.nanX, height - MARK, height),
    ...mark(raw.posInfX, 0, MARK),
    ...mark(raw.negInfX, height, height - MARK)
  ])
  return path.length === 0 ? '' : `<path d="${[...new Set(path)].join('')}" fill="${markColor}"/>`
}

/** A hundredth of a pixel is finer than any screen. */
const r = (value: number): string => String(Math.round(Math.min(1e6, Math.max(-1e6, value)) * 100) / 100)

const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, Math.floor(most) - 1)}…` : text

// What XML cannot hold at all is left out.
export const escape = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

/**
 * The same file as pixels.
 *
 * scale  pixels for each CSS pixel
 * fails  when the browser cannot draw it, or has no memory for so many pixels
 */
export async function svgToPng(svg: string, scale: number): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
  try {
    const image = new Image()
    image.src = url
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(image.width * scale)
    canvas.height = Math.round(image.height * scale)
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height)
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The chart could not be made a picture.'))))
    )
  } finally {
    URL.revokeObjectURL(url)
  }
}
