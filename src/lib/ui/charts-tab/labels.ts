import { exactNumber } from '../shared/format.ts'
import type { YScale } from '#lib/charts/y-scale.ts'
import type { Smoothing } from '#lib/domain/smoothing.ts'
import type { ChartX } from '#lib/live/protocol.ts'
import { strengthOf, type SmoothingKind } from './chart-settings.ts'

export const X_LABELS = { step: 'Step', time: 'Wall time', relative: 'Relative time' } as const

export const xLabel = (x: ChartX): string => (typeof x === 'string' ? X_LABELS[x] : x.metric)

export const Y_OPTIONS: readonly (readonly [YScale, string])[] = [
  ['linear', 'Linear'],
  ['log', 'Log'],
  ['symlog', 'Symlog']
]

export const SMOOTHING_OPTIONS: readonly (readonly [SmoothingKind | 'none', string])[] = [
  ['none', 'None'],
  ['ema', 'EMA'],
  ['average', 'Average'],
  ['gaussian', 'Gaussian']
]

/** What the strength of a kind is called. */
export const STRENGTH_LABELS: Readonly<Record<SmoothingKind, string>> = {
  ema: 'Weight',
  average: 'Points',
  gaussian: 'Sigma'
}

export const smoothingLabel = (smoothing: Smoothing | null): string =>
  smoothing === null ? 'Smoothing' : `Smoothing ${exactNumber(strengthOf(smoothing))}`
