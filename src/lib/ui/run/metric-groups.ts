import type { MetricSummary } from '#lib/domain/metric.ts'

export interface MetricGroup {
  /** What the keys share before their last `/`; `''` for keys without one. */
  readonly prefix: string
  readonly metrics: readonly MetricSummary[]
}

/** Metrics by prefix: those without one first, then the others by name, system metrics last. */
export function groupMetrics(metrics: readonly MetricSummary[]): readonly MetricGroup[] {
  const groups = new Map<string, MetricSummary[]>()
  for (const metric of metrics) {
    const prefix = metricPrefix(metric.key)
    const group = groups.get(prefix)
    if (group) group.push(metric)
    else groups.set(prefix, [metric])
  }
  return [...groups]
    .sort(([a], [b]) => groupRank(a) - groupRank(b) || collator.compare(a, b))
    .map(([prefix, members]) => ({
      prefix,
      metrics: members.sort((a, b) => collator.compare(a.key, b.key))
    }))
}

export const collator = new Intl.Collator('en', { numeric: true })

/** Where a prefix stands among others: none first, system metrics last. */
export const groupRank = (prefix: string): number => (prefix === '' ? 0 : isSystemPrefix(prefix) ? 2 : 1)

export const isSystemPrefix = (prefix: string): boolean => prefix === 'system' || prefix.startsWith('system/')

export const metricPrefix = (key: string): string => key.slice(0, Math.max(0, key.lastIndexOf('/')))

/** An id for an element, from a key that may hold anything. */
export const chartElementId = (key: string): string => `chart-${encodeURIComponent(key)}`
