import type { View } from './paint.ts'

export function newCanvas(): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 1
  return canvas
}

export const contextOf = (canvas: HTMLCanvasElement): CanvasRenderingContext2D => canvas.getContext('2d')!

/** Setting a canvas's size clears it, and costs its memory: only when it changes. */
export function sizeTo(canvas: HTMLCanvasElement, { width, height }: Pick<View, 'width' | 'height'>): void {
  if (canvas.width === width && canvas.height === height) return
  canvas.width = width
  canvas.height = height
  canvas.style.width = `${width / devicePixelRatio}px`
  canvas.style.height = `${height / devicePixelRatio}px`
}
