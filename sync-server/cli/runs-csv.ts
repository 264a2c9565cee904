import { fieldsOf, pairsOf, textOf } from './pages-of.ts'
import type { Json } from './tracking.ts'

/**
 * Runs as MLflow writes them: six columns of every run, then one for each metric, param and tag that any has.
 *
 * runs     as runs/search answers them
 * returns  CSV with a header; what a run lacks is empty, a metric that is NaN too
 */
export const runsToCsv = (runs: readonly Json[]): string => {
  const rows = runs.map(readRow)
  const names = DATA.flatMap((kind) => {
    const keys = new Set(rows.flatMap((row) => Object.keys(row.data[kind])))
    return [...keys].sort().map((key) => ({ kind, key }))
  })
  const header = [...INFO, ...names.map(({ kind, key }) => `${kind}.${key}`)]
  const lines = rows.map(({ info, data }) => [
    ...INFO.map((name) => (name.endsWith('_time') ? timeText(info[name]) : textOf(info[name]))),
    ...names.map(({ kind, key }) => cellText(data[kind][key]))
  ])
  return [header, ...lines].map((line) => `${line.map(quote).join(',')}\n`).join('')
}

const INFO = ['run_id', 'experiment_id', 'status', 'artifact_uri', 'start_time', 'end_time'] as const
const DATA = ['metrics', 'params', 'tags'] as const

const readRow = (run: Json) => {
  const data = fieldsOf(run['data'])
  return {
    info: fieldsOf(run['info']),
    data: { metrics: pairsOf(data['metrics']), params: pairsOf(data['params']), tags: pairsOf(data['tags']) }
  }
}

const cellText = (value: unknown): string => (value === 'NaN' ? '' : textOf(value))

/** As pandas writes a time with its zone. */
const timeText = (value: unknown): string =>
  typeof value === 'number' ? `${new Date(value).toISOString().replace('T', ' ').replace('Z', '000+00:00')}` : ''

const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
