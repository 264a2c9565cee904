import type { ChartAxis } from '#lib/live/protocol.ts'
import { wholeRange, type Range } from '#lib/charts/scale.ts'

/** How a run's charts are looked at, as the URL says it: `?x=relative&range=0,60000&y=log`. */
export interface ChartState {
  readonly axis: ChartAxis
  readonly range: Range | null
  readonly log: boolean
}

export const isSameState = (a: ChartState, b: ChartState): boolean =>
  a.axis === b.axis && a.log === b.log && a.range?.[0] === b.range?.[0] && a.range?.[1] === b.range?.[1]

export const AXIS_LABELS: Readonly<Record<ChartAxis, string>> = { step: 'Step', time: 'Time', relative: 'Relative' }

const isAxis = (text: string | null): text is ChartAxis => text === 'step' || text === 'time' || text === 'relative'

/** `remembered` is the axis last chosen on this device, used when the URL names none. */
export function readChartState(params: URLSearchParams, remembered: string | null): ChartState {
  const named = params.get('x')
  const ends = (params.get('range') ?? '').split(',')
  const [from, to] = ends.map((end) => (end.trim() === '' ? NaN : Number(end)))
  const range = ends.length === 2 && Number.isFinite(from) && Number.isFinite(to) ? wholeRange(from!, to!) : null
  return {
    axis: isAxis(named) ? named : isAxis(remembered) ? remembered : 'step',
    range,
    log: params.get('y') === 'log'
  }
}

/**
 * Write over the params of a URL. The axis is left out only where nobody could read it otherwise: as steps, with no other axis
 * remembered and no range, which means nothing without its axis.
 */
export function writeChartState(state: ChartState, onto: URLSearchParams, remembered: string | null): URLSearchParams {
  const params = new URLSearchParams(onto)
  const plain = state.axis === 'step' && (!isAxis(remembered) || remembered === 'step')
  if (plain && state.range === null) params.delete('x')
  else params.set('x', state.axis)
  if (state.range) params.set('range', state.range.join(','))
  else params.delete('range')
  if (state.log) params.set('y', 'log')
  else params.delete('y')
  return params
}

const STORAGE_NAME = 'runnel:chart-axis'

export function rememberedAxis(): string | null {
  try {
    return localStorage.getItem(STORAGE_NAME)
  } catch {
    return null
  }
}

export function rememberAxis(axis: ChartAxis): void {
  try {
    localStorage.setItem(STORAGE_NAME, axis)
  } catch {
    // Only comfort is lost: the URL still says it.
  }
}
