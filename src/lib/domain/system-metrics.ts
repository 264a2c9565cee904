/**
 * What a run can say of the machine it runs on: metrics under `system/`, named, counted and rounded as MLflow does where MLflow has them.
 *
 * source  mlflow/system_metrics of MLflow 3.17: cpu_monitor, disk_monitor, network_monitor, gpu_monitor, rocm_monitor
 */
export const SYSTEM_PREFIX = 'system/'

export type SystemGroup = 'cpu' | 'memory' | 'disk' | 'network' | 'gpu' | 'process' | 'browser' | 'other'

/** How the samples of one point become its value. */
export type Combine = 'mean' | 'sum' | 'last' | 'greatest'

interface Kind {
  readonly group: SystemGroup
  readonly combine: Combine
}

const kind = (group: SystemGroup, combine: Combine = 'mean'): Kind => ({ group, combine })

/** The host's, as MLflow names them. Percentages are of all processors; megabytes are millions of bytes. */
export const MLFLOW_SYSTEM_METRICS = {
  cpu_utilization_percentage: kind('cpu'),
  system_memory_usage_megabytes: kind('memory'),
  system_memory_usage_percentage: kind('memory'),
  disk_usage_percentage: kind('disk'),
  disk_usage_megabytes: kind('disk'),
  disk_available_megabytes: kind('disk'),
  /** Since logging began. */
  network_receive_megabytes: kind('network', 'last'),
  network_transmit_megabytes: kind('network', 'last')
} as const

/** Ours beside them: what the program or the page itself takes. */
export const OWN_SYSTEM_METRICS = {
  /** 100 is one processor kept busy. */
  process_cpu_utilization_percentage: kind('process'),
  process_memory_usage_megabytes: kind('process'),
  process_heap_usage_megabytes: kind('process'),
  /** The longest that a timer of the event loop came too late. */
  event_loop_delay_milliseconds: kind('process', 'greatest'),
  js_heap_usage_megabytes: kind('browser'),
  /** Of the page with its frames and workers, where browsers tell. */
  page_memory_usage_megabytes: kind('browser'),
  /** How long the page's thread was held by tasks of more than 50 ms. */
  long_task_milliseconds: kind('browser', 'sum'),
  /** While the page is in sight. */
  frames_per_second: kind('browser')
} as const

export type SystemMetricName = keyof typeof MLFLOW_SYSTEM_METRICS | keyof typeof OWN_SYSTEM_METRICS

export const SYSTEM_METRICS: Readonly<Record<SystemMetricName, Kind>> = {
  ...MLFLOW_SYSTEM_METRICS,
  ...OWN_SYSTEM_METRICS
}

export const isSystemMetric = (key: string): boolean => key.startsWith(SYSTEM_PREFIX)

/**
 * A key's parts: `system/cpu_utilization_percentage`, or `system/NODE/cpu_utilization_percentage` where several machines log to one run.
 * `node` is empty without one. Anything else below `system/` belongs to the group `other`.
 */
export function parseSystemMetric(key: string): {
  readonly node: string
  readonly name: string
  readonly group: SystemGroup
} {
  const rest = key.slice(SYSTEM_PREFIX.length)
  const cut = rest.lastIndexOf('/')
  const name = rest.slice(cut + 1)
  return { node: rest.slice(0, Math.max(0, cut)), name, group: groupOf(name) }
}

function groupOf(name: string): SystemGroup {
  if (Object.hasOwn(SYSTEM_METRICS, name)) return SYSTEM_METRICS[name as SystemMetricName].group
  return /^gpu_\d+_/.test(name) ? 'gpu' : 'other'
}
