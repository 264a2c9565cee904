import type { EpochMs } from '#lib/domain/time.ts'
import type { RunId } from '#lib/domain/ids.ts'
import type { SeriesAxis } from '#lib/domain/series.ts'
import type { Live } from '#lib/live/live.svelte.ts'

/** A place along a chart's axis, of one metric of a run. */
export interface ChartPlace {
  readonly runId: RunId
  /** Where the run's relative time begins. */
  readonly startTime: EpochMs
  readonly key: string
  readonly axis: SeriesAxis
  /** In units of the axis. */
  readonly x: number
}

/**
 * The step of the point nearest to a place: a comment names a step, whatever the chart goes along. Null where nothing was logged. Along times
 * the whole history is read. Fails as that does.
 */
export async function stepNear(live: Live, { runId, startTime, key, axis, x }: ChartPlace): Promise<number | null> {
  if (axis === 'step') return Math.round(x)
  const { steps, timestamps } = await live.commands.history(runId, key)
  const time = axis === 'relative' ? x + startTime : x
  let nearest: number | null = null
  let least = Infinity
  timestamps.forEach((timestamp, index) => {
    const distance = Math.abs(timestamp - time)
    if (distance >= least) return
    least = distance
    nearest = steps[index] ?? null
  })
  return nearest
}
