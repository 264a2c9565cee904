/** A column is never squeezed below this. */
const NARROWEST = 8

/**
 * Rows as aligned text below their headers.
 *
 * columns  the width of the terminal, into which the widest columns are cut; null to cut nothing
 */
export const table = (
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | null
): string => {
  const cells = [headers, ...rows].map((row) => row.map(oneLine))
  const widths = headers.map((_, index) => Math.max(...cells.map((row) => lengthOf(row[index] ?? ''))))
  if (columns !== null) squeeze(widths, columns - GAP.length * (headers.length - 1))
  const rule = widths.map((width) => '-'.repeat(width))
  return [cells[0] ?? [], rule, ...cells.slice(1)].map((row) => `${line(row, widths)}\n`).join('')
}

const GAP = '  '

const line = (row: readonly string[], widths: readonly number[]): string =>
  widths
    .map((width, index) => fit(row[index] ?? '', width))
    .join(GAP)
    .trimEnd()

const fit = (text: string, width: number): string => {
  const letters = [...text]
  const cut = letters.length > width ? `${letters.slice(0, width - 1).join('')}…` : text
  return cut + ' '.repeat(Math.max(0, width - lengthOf(cut)))
}

/** Take from the widest until all fit, or all are narrow. */
const squeeze = (widths: number[], room: number): void => {
  for (;;) {
    const total = widths.reduce((sum, width) => sum + width, 0)
    const widest = Math.max(...widths)
    if (total <= room || widest <= NARROWEST) return
    const next = Math.max(NARROWEST, widest - (total - room), ...widths.filter((width) => width < widest))
    widths[widths.indexOf(widest)] = Math.min(widest - 1, next)
  }
}

const lengthOf = (text: string): number => [...text].length

/** What a name could do to a terminal stays a picture of it. */
// eslint-disable-next-line no-control-regex -- control characters are what a terminal must not be sent
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')
