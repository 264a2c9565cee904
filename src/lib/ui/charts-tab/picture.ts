/** What a panel's drawing can be turned into. */
export interface Picture {
  readonly toPng: () => Promise<Blob>
  readonly toSvg: () => string | Promise<string>
  /** What is drawn, as numbers. */
  readonly toTable: () => PictureTable
}

export interface PictureTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

/** RFC 4180, every number with every digit it has; NaN and the infinities as Python reads them. */
export const toCsv = ({ head, rows }: PictureTable): string =>
  [head, ...rows].map((row) => `${row.map(csvField).join(',')}\r\n`).join('')

function csvField(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'string') return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? 'inf' : '-inf'
}

/** What a drawn element looks like, wherever it is opened: a style sheet does not travel with it. */
const TRAVELS = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'dominant-baseline'
] as const

/** A drawn SVG as a file: what style sheets say of it is written into it, on the paper it lies on. */
export function svgFile(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement
  const [from, to] = [svg, copy].map((root) => [root, ...root.querySelectorAll<SVGElement>('*')])
  from!.forEach((element, at) => {
    const style = getComputedStyle(element)
    for (const name of TRAVELS) to![at]!.style.setProperty(name, style.getPropertyValue(name))
    to![at]!.removeAttribute('class')
  })
  const { width, height } = svg.getBoundingClientRect()
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  copy.setAttribute('width', String(width))
  copy.setAttribute('height', String(height))
  const paper = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
  paper.setAttribute('width', '100%')
  paper.setAttribute('height', '100%')
  paper.style.fill = paperOf(svg)
  copy.prepend(paper)
  return new XMLSerializer().serializeToString(copy)
}

function paperOf(element: Element): string {
  for (let at: Element | null = element; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at)
    if (backgroundColor !== 'transparent' && backgroundColor !== 'rgba(0, 0, 0, 0)') return backgroundColor
  }
  return 'white'
}

/** Pixels of a picture for each of the screen's CSS pixels, so that it is sharp where it is put. */
const SCALE = 2

/** A drawn SVG as PNG. Fails when the browser cannot draw it. */
export async function svgPng(svg: SVGSVGElement): Promise<Blob> {
  const { width, height } = svg.getBoundingClientRect()
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgFile(svg))}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = Math.ceil(width * SCALE)
  canvas.height = Math.ceil(height * SCALE)
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('This browser has no room for a picture of this size.')
  context.drawImage(image, 0, 0, canvas.width, canvas.height)
  return canvasPng(canvas)
}

export const canvasPng = (canvas: HTMLCanvasElement): Promise<Blob> =>
  new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('This browser made no picture of it.'))),
      'image/png'
    )
  )
