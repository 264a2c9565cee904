/** What a chart shows, as rows: for the table behind it, and for export. Rows are made when they are read, as there may be a million. */

export type Cell = string | number | null

export interface Shown {
  readonly columns: readonly string[]
  readonly count: number
  /** One cell per column; i from 0. NaN, ±Infinity and -0 as logged; null where there is nothing to say. */
  readonly row: (i: number) => readonly Cell[]
}

/** A number with every digit it has, the sign of a negative zero too. */
export const cellText = (cell: Cell): string => (cell === null ? '' : Object.is(cell, -0) ? '-0' : String(cell))

/** Tables one after the other, of the same columns. */
export function joined(columns: readonly string[], parts: readonly Omit<Shown, 'columns'>[]): Shown {
  const starts: number[] = []
  let count = 0
  for (const part of parts) {
    starts.push(count)
    count += part.count
  }
  const partOf = (i: number): number => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= i) low = middle
      else high = middle - 1
    }
    return low
  }
  return {
    columns,
    count,
    row: (i) => {
      const at = partOf(i)
      return parts[at]!.row(i - starts[at]!)
    }
  }
}

const ROWS_PER_PIECE = 10_000

/** As CSV by RFC 4180, in pieces: what a Blob is made of, without one string of everything. */
export function csvPieces({ columns, count, row }: Shown): string[] {
  const line = (cells: readonly Cell[]): string => cells.map((cell) => quoted(cellText(cell))).join(',') + '\r\n'
  const pieces = [line(columns)]
  for (let from = 0; from < count; from += ROWS_PER_PIECE) {
    let piece = ''
    for (let i = from; i < Math.min(count, from + ROWS_PER_PIECE); i++) piece += line(row(i))
    pieces.push(piece)
  }
  return pieces
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
