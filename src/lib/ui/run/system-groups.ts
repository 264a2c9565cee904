import type { MetricSummary } from '#lib/domain/metric.ts'
import { parseSystemMetric, SYSTEM_METRICS, type SystemGroup } from '#lib/domain/system-metrics.ts'

export interface SystemPanels {
  readonly title: string
  readonly panels: readonly { readonly metric: MetricSummary; readonly title: string }[]
}

/** In the order they are shown. */
const TITLES: Readonly<Record<SystemGroup, string>> = {
  cpu: 'CPU',
  memory: 'Memory',
  disk: 'Disk',
  network: 'Network',
  gpu: 'GPU',
  process: 'Process',
  browser: 'Page',
  other: 'Other'
}

const GROUPS = Object.keys(TITLES) as SystemGroup[]
const NAMES = Object.keys(SYSTEM_METRICS)
const collator = new Intl.Collator('en', { numeric: true })

/** What a group's heading has said. */
const SAID: Partial<Readonly<Record<SystemGroup, string>>> = { memory: 'system_', process: 'process_' }

/** System metrics by what they are of; of a group the known ones first, each on all its machines. Groups without any are left out. */
export function groupSystemMetrics(metrics: readonly MetricSummary[]): readonly SystemPanels[] {
  const parsed = sortSystemMetrics(metrics)
  return GROUPS.map((group) => ({
    title: TITLES[group],
    panels: parsed
      .filter((each) => each.group === group)
      .map(({ metric, node, name }) => {
        const said = SAID[group] ?? ''
        return { metric, title: titleOf(node, said !== '' && name.startsWith(said) ? name.slice(said.length) : name) }
      })
  })).filter(({ panels }) => panels.length > 0)
}

/** All of them in the same order, with their whole names. */
export const listSystemMetrics = (metrics: readonly MetricSummary[]): SystemPanels['panels'] =>
  GROUPS.flatMap((group) => sortSystemMetrics(metrics).filter((each) => each.group === group)).map(
    ({ metric, node, name }) => ({ metric, title: titleOf(node, name) })
  )

const titleOf = (node: string, name: string): string => (node === '' ? '' : `${node}: `) + systemMetricTitle(name)

function sortSystemMetrics(metrics: readonly MetricSummary[]) {
  const parsed = metrics.map((metric) => ({ metric, ...parseSystemMetric(metric.key) }))
  const place = (name: string): number => (NAMES.includes(name) ? NAMES.indexOf(name) : NAMES.length)
  return parsed.sort(
    (a, b) => place(a.name) - place(b.name) || collator.compare(a.name, b.name) || collator.compare(a.node, b.node)
  )
}

const UNITS: Readonly<Record<string, string>> = {
  percentage: '%',
  megabytes: 'MB',
  gigabytes: 'GB',
  milliseconds: 'ms',
  watts: 'W'
}
const CAPITALS: Readonly<Record<string, string>> = { cpu: 'CPU', gpu: 'GPU', js: 'JS' }

/** `cpu_utilization_percentage` as `CPU utilization, %`. */
export function systemMetricTitle(name: string): string {
  const words = name.split('_').map((word) => CAPITALS[word] ?? word)
  const unit = words.length > 1 ? UNITS[words.at(-1)!] : undefined
  const text = (unit === undefined ? words : words.slice(0, -1)).join(' ')
  return text.slice(0, 1).toUpperCase() + text.slice(1) + (unit === undefined ? '' : `, ${unit}`)
}
