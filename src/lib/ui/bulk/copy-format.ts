/** Runs as text for elsewhere: every digit a number has, and nothing that a program at the other end would take for something else. */
import type { RunRow } from '#lib/live/protocol.ts'
import { exactNumber } from '../shared/format.ts'

export const FORMATS = ['csv', 'json', 'md'] as const
export type CopyFormat = (typeof FORMATS)[number]

export const FORMAT_NAMES: Readonly<Record<CopyFormat, string>> = { csv: 'CSV', json: 'JSON', md: 'Markdown' }

export type Cell = string | number | null

/** Rows of equal length, under their headings. */
export interface CopyTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

export interface Copied {
  readonly text: string
  /** Of a CSV: cells that got an apostrophe, because a spreadsheet would have run them. */
  readonly disarmed: number
}

/** Facts a copy may hold beside the id and the name, with what each is called there. Times are ISO 8601 in UTC. */
const FACT_CELLS = {
  status: ['status', ({ status }: RunRow): Cell => status],
  started: ['start_time', ({ startTime }: RunRow): Cell => isoTime(startTime)],
  duration: ['duration_ms', ({ startTime, endTime }: RunRow): Cell => (endTime === null ? null : endTime - startTime)],
  user: ['user_id', ({ userId }: RunRow): Cell => userId]
} as const

export type CopiedFact = keyof typeof FACT_CELLS

/** `values` names the columns that the rows' cells hold, in order. */
export function copyTable(rows: readonly RunRow[], facts: readonly CopiedFact[], values: readonly string[]): CopyTable {
  const chosen = facts.map((fact) => FACT_CELLS[fact])
  return {
    head: ['run_id', 'run_name', ...chosen.map(([name]) => name), ...values],
    rows: rows.map((row) => [row.runId, row.name, ...chosen.map(([, read]) => read(row)), ...row.cells])
  }
}

function isoTime(time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString()
}

export function formatCopy(table: CopyTable, format: CopyFormat): Copied {
  if (format === 'csv') return csv(table)
  return { text: format === 'json' ? json(table) : markdown(table), disarmed: 0 }
}

// ── CSV ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * RFC 4180. Spreadsheets run a text that begins with one of these as a formula, and a param may hold anything: such a text gets an
 * apostrophe in front, which they show as text. A text that is a number, `-0.5`, is no formula and stays as it is.
 */
const FORMULA = /^\s*[=+\-@\t\r]/
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

function csv({ head, rows }: CopyTable): Copied {
  let disarmed = 0
  const cell = (value: Cell): string => {
    if (value === null) return ''
    if (typeof value === 'number') return exactNumber(value)
    const armed = FORMULA.test(value) && !NUMBER.test(value)
    if (armed) disarmed++
    return quoted(armed ? `'${value}` : value)
  }
  const lines = [head, ...rows].map((row) => row.map(cell).join(','))
  return { text: `${lines.join('\r\n')}\r\n`, disarmed }
}

const quoted = (text: string): string =>
  /[",\r\n]/.test(text) || text.trim() !== text ? `"${text.replaceAll('"', '""')}"` : text

// ── JSON ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A list of objects. JSON has no NaN and no infinities: they are texts, as in MLflow's API. */
function json({ head, rows }: CopyTable): string {
  const value = (cell: Cell): Cell => (typeof cell === 'number' && !Number.isFinite(cell) ? exactNumber(cell) : cell)
  // Entries, not assignment: a param may be called `__proto__`.
  const objects = rows.map((row) => Object.fromEntries(head.map((name, at) => [name, value(row[at] ?? null)])))
  return `${JSON.stringify(objects, null, 2)}\n`
}

// ── Markdown ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A table of GitHub's kind: columns of numbers stand to the right. */
function markdown({ head, rows }: CopyTable): string {
  const isNumeric = head.map((_, at) => {
    const values = rows.map((row) => row[at] ?? null).filter((value) => value !== null)
    return values.length > 0 && values.every((value) => typeof value === 'number')
  })
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const texts = rows.map((row) => line(row.map(markdownCell)))
  return `${[line(head.map(markdownCell)), line(isNumeric.map((is) => (is ? '---:' : '---'))), ...texts].join('\n')}\n`
}

function markdownCell(value: Cell): string {
  if (value === null) return ''
  if (typeof value === 'number') return exactNumber(value)
  return value
    .replace(/[\\|`*_[\]#~]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/\r\n|[\r\n]/g, '<br>')
}
