import type { SystemMetricName } from '#lib/domain/system-metrics.ts'

/** Values by name, without prefix. What cannot be told at the moment is left out: never a 0 in its place. */
export type Readings = { readonly [name in SystemMetricName]?: number }

/** Something of the machine, the process or the page that can be measured. It begins where it is made. */
export interface Meter {
  /** Of the time since the last reading, or since it began. Takes microseconds, waits for nothing. Fails when it cannot be read any more. */
  read(): Readings
  close?(): void
}

/** MLflow's megabyte. */
export const MEGABYTE = 1e6

/** The meters that can be had: those whose making fails are left out. */
export function metersOf(makers: readonly (() => Meter | null | undefined)[]): Meter[] {
  return makers.flatMap((make) => {
    try {
      return make() ?? []
    } catch {
      return []
    }
  })
}
