/**
 * Which number each version of a registered model goes by. A version says what number it took, the next one its store knew of; where a host
 * keeps the registry, it gives numbers, and what it gave beats what was taken.
 *
 * A number belongs to one version: of several that want it, one that was given it before one that took it, then the first said. The
 * others get the next numbers that nobody wants. It follows from what was said alone, so all stores come to the same.
 */
import type { ModelVersionId } from '../ids.ts'
import type { Hlc } from './clock.ts'

export interface NumberClaim {
  readonly id: ModelVersionId
  /** 0 for none. */
  readonly number: number
  /** Whether the host gave it. */
  readonly isAssigned: boolean
  readonly hlc: Hlc
}

/** By id. Each number once. */
export function settleNumbers(claims: readonly NumberClaim[]): Map<ModelVersionId, number> {
  const numbers = new Map<ModelVersionId, number>()
  const taken = new Set<number>()
  const displaced: ModelVersionId[] = []
  for (const { id, number } of claims.toSorted(compareClaims)) {
    if (number === 0 || taken.has(number)) displaced.push(id)
    else {
      taken.add(number)
      numbers.set(id, number)
    }
  }
  let last = claims.reduce((greatest, { number }) => Math.max(greatest, number), 0)
  for (const id of displaced) numbers.set(id, ++last)
  return numbers
}

/** Below 0 when `a` keeps a number that both want. */
export const compareClaims = (a: NumberClaim, b: NumberClaim): number =>
  Number(b.isAssigned) - Number(a.isAssigned) || a.hlc - b.hlc || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
