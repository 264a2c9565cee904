import type { Cell, Shown } from '#lib/charts/shown.ts'
import { svgToPng } from '#lib/charts/svg.ts'

/** What a panel's drawing can be turned into. */
export interface Picture {
  readonly toPng: () => Promise<Blob>
  readonly toSvg: () => string
  /** What is drawn, as numbers. */
  readonly toTable: () => Shown
}

export const tableOf = (columns: readonly string[], rows: readonly (readonly Cell[])[]): Shown => ({
  columns,
  count: rows.length,
  row: (i) => rows[i]!
})

/** A file's name from a panel's, which may hold anything. */
export const fileName = (name: string, ending: string): string => `${name.replaceAll(/[/\\:]/g, '-')}.${ending}`

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
export const svgPng = (svg: SVGSVGElement): Promise<Blob> => svgToPng(svgFile(svg), SCALE)
