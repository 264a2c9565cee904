/** The confusion matrix as a picture, for the artifact a person looks at first. */
import type { Confusion } from './confusion.ts'

const CELL = 112
const LEFT = 148
const TOP = 92
const EDGE = 28
/** Drawn at twice its size, so that it is sharp on every screen. */
const SCALE = 2

const PAPER = '#fbfaf7'
const INK = '#1c1b19'
const INK_SOFT = '#5c5a54'
const FONT = 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif'

type Pen = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

/** Draw it as a PNG. Fails when the browser has no canvas to give. */
export async function drawConfusion(confusion: Confusion, title: string): Promise<Blob> {
  const size = confusion.classes.length * CELL
  const { pen, toBlob } = createCanvas((LEFT + size + EDGE) * SCALE, (TOP + size + EDGE + 34) * SCALE)
  pen.scale(SCALE, SCALE)
  pen.fillStyle = PAPER
  pen.fillRect(0, 0, LEFT + size + EDGE, TOP + size + EDGE + 34)
  write(pen, title, { x: EDGE, y: 34, size: 17, weight: 600 })
  write(pen, 'predicted species', { x: LEFT + size / 2, y: TOP + size + 46, align: 'center', color: INK_SOFT })
  write(pen, 'true species', { x: LEFT - 16, y: TOP - 16, align: 'right', color: INK_SOFT })
  const most = Math.max(1, ...confusion.counts.flat())
  confusion.counts.forEach((row, truth) => {
    write(pen, confusion.classes[truth]!, { x: LEFT - 16, y: TOP + (truth + 0.5) * CELL + 5, align: 'right' })
    write(pen, confusion.classes[truth]!, { x: LEFT + (truth + 0.5) * CELL, y: TOP + size + 24, align: 'center' })
    row.forEach((count, predicted) => drawCell(pen, { truth, predicted, count, share: count / most }))
  })
  return toBlob()
}

function drawCell(pen: Pen, cell: { truth: number; predicted: number; count: number; share: number }): void {
  const x = LEFT + cell.predicted * CELL
  const y = TOP + cell.truth * CELL
  const hit = cell.truth === cell.predicted
  pen.fillStyle =
    cell.count === 0 ? '#f1efe8' : hit ? mix('#d3eaea', '#0b6e77', cell.share) : mix('#f6ddd6', '#a83a2a', cell.share)
  pen.beginPath()
  pen.roundRect(x + 2, y + 2, CELL - 4, CELL - 4, 6)
  pen.fill()
  const color = cell.count === 0 ? '#8d8a82' : cell.share > 0.55 ? '#ffffff' : INK
  write(pen, String(cell.count), {
    x: x + CELL / 2,
    y: y + CELL / 2 + 8,
    size: 24,
    weight: 600,
    align: 'center',
    color
  })
}

interface Lettering {
  readonly x: number
  readonly y: number
  readonly size?: number
  readonly weight?: number
  readonly align?: CanvasTextAlign
  readonly color?: string
}

function write(
  pen: Pen,
  text: string,
  { x, y, size = 14, weight = 400, align = 'left', color = INK }: Lettering
): void {
  pen.font = `${weight} ${size}px ${FONT}`
  pen.textAlign = align
  pen.fillStyle = color
  pen.fillText(text, x, y)
}

/** Between two `#rrggbb` colours; `share` 0 … 1. */
function mix(from: string, to: string, share: number): string {
  const part = (color: string, at: number): number => parseInt(color.slice(at, at + 2), 16)
  const parts = [1, 3, 5].map((at) => Math.round(part(from, at) + (part(to, at) - part(from, at)) * share))
  return `rgb(${parts.join(' ')})`
}

/** An OffscreenCanvas where there is one, else a canvas element that is never shown. */
function createCanvas(width: number, height: number): { pen: Pen; toBlob: () => Promise<Blob> } {
  if (typeof OffscreenCanvas !== 'undefined') {
    const canvas = new OffscreenCanvas(width, height)
    const pen = canvas.getContext('2d')
    if (pen) return { pen, toBlob: () => canvas.convertToBlob({ type: 'image/png' }) }
  }
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  const pen = canvas.getContext('2d')
  if (!pen) throw new Error('This browser gives no canvas to draw on.')
  const toBlob = (): Promise<Blob> =>
    new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture could not be made.'))), 'image/png')
    )
  return { pen, toBlob }
}
