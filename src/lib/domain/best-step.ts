import { compareValues } from './metric.ts'
import type { Series } from './series.ts'

/**
 * The value of one series at the step where another is best: `test/acc` at the step where `val/loss` is least.
 *
 * values   the series whose value is asked for
 * of       the other series; a NaN of it is never best
 * at       whether the least or the greatest value is best
 * order    both may come in any order; steps may repeat, be negative and go backwards
 * steps    beyond 2^53 are taken as the nearest doubles
 * ties     of equal bests the lowest step
 * repeats  of several points at that step the one that is latest by timestamp, then by value (a NaN counting as 0), as MLflow's latest is
 * returns  null when there is no best, and when `values` has no point at exactly that step: a value of another step would be another model's
 */
export function valueAtBestStep(values: Series, of: Series, at: 'min' | 'max'): number | null {
  const step = bestStep(of, at)
  return step === null ? null : valueAtStep(values, step)
}

function bestStep({ steps, values }: Series, at: 'min' | 'max'): number | null {
  let best: { readonly step: number; readonly value: number } | null = null
  for (let i = 0; i < steps.length; i++) {
    const [step, value] = [steps[i]!, values[i]!]
    if (Number.isNaN(value)) continue
    const isBetter = best === null || (at === 'min' ? value < best.value : value > best.value)
    if (isBetter || (value === best!.value && step < best!.step)) best = { step, value }
  }
  return best?.step ?? null
}

function valueAtStep({ steps, timestamps, values }: Series, step: number): number | null {
  let latest = -1
  for (let i = 0; i < steps.length; i++) {
    if (steps[i] !== step) continue
    const later =
      latest < 0 ||
      timestamps[i]! > timestamps[latest]! ||
      (timestamps[i] === timestamps[latest] && compareValues(values[i]!, values[latest]!) > 0)
    if (later) latest = i
  }
  return latest < 0 ? null : values[latest]!
}
