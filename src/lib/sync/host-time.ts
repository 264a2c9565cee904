/** Whose clock a store goes by: its own, set right by one host at most. Decision 0029 says why. */
import { RunnelError } from '#lib/domain/errors.ts'
import { SYNC } from '#lib/domain/limits.ts'
import type { Store } from '#lib/store/store.ts'

/**
 * A host has said what time it is.
 *
 * keeper  the host this store's owner has chosen, or else the one that serves its pages: no other is believed
 * fails   with TEMPORARILY_UNAVAILABLE when the clocks of the two are further apart than anybody goes by
 */
export function goByHost(store: Store, host: string, keeper: string, hostNowMs: number): void {
  if (host !== keeper) return
  const apartMs = hostNowMs - store.now()
  // What is no number is not within bounds either.
  if (!(Math.abs(apartMs) <= SYNC.apartMs))
    throw new RunnelError(
      'TEMPORARILY_UNAVAILABLE',
      `The clocks of this computer and of the host ${host} are more than a day apart. Set right the one that is wrong.`
    )
  store.replica.clock.correct(hostNowMs)
}
