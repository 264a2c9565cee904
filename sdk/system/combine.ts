import { SYSTEM_METRICS, type SystemMetricName } from '#lib/domain/system-metrics.ts'
import type { Readings } from './meter.ts'

interface Sofar {
  sum: number
  count: number
  last: number
  greatest: number
}

/** The samples that become one point. What some samples lack is made of those that have it. */
export class Samples {
  readonly #sofar = new Map<SystemMetricName, Sofar>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(readings: Readings): void {
    this.#count++
    for (const [name, value] of Object.entries(readings) as [SystemMetricName, number][]) {
      if (!Number.isFinite(value)) continue
      const sofar = this.#sofar.get(name) ?? { sum: 0, count: 0, last: value, greatest: value }
      sofar.sum += value
      sofar.count++
      sofar.last = value
      sofar.greatest = Math.max(sofar.greatest, value)
      this.#sofar.set(name, sofar)
    }
  }

  /** The point's values by name, rounded to a tenth as MLflow does (what it counts itself, it does not round); then begins anew. */
  take(): [SystemMetricName, number][] {
    const values = [...this.#sofar].map(([name, sofar]): [SystemMetricName, number] => [name, valueOf(name, sofar)])
    this.#sofar.clear()
    this.#count = 0
    return values
  }
}

function valueOf(name: SystemMetricName, { sum, count, last, greatest }: Sofar): number {
  switch (SYSTEM_METRICS[name].combine) {
    case 'last':
      return last
    case 'mean':
      return toTenths(sum / count)
    case 'sum':
      return toTenths(sum)
    case 'greatest':
      return toTenths(greatest)
  }
}

const toTenths = (value: number): number => Math.round(value * 10) / 10
