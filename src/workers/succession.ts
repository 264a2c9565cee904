import { CONTROL_CHANNEL } from '#lib/live/names.ts'

/** A host of `version` has started and waits for the lock. */
interface Claim {
  readonly t: 'claim'
  readonly version: string
}

const isClaim = (value: unknown): value is Claim =>
  typeof value === 'object' &&
  value !== null &&
  (value as Partial<Claim>).t === 'claim' &&
  typeof (value as Partial<Claim>).version === 'string'

export interface Succession {
  /** `letGo` closes the database; when it is done the lock is free for the host of another version that asked. */
  onSuccessor(letGo: () => Promise<void>): void
}

/**
 * Hold `lock` for as long as this host lives, or until a host of another version asks for it.
 *
 * Two versions of the app are two workers. The one started last wins: it asks, the older one closes its database and lets go, and its
 * pages say that they are out of date. Hosts of the same version never push each other out: the second one waits.
 */
export function makeWayFor(version: string, lock: string): Promise<Succession> {
  const channel = new BroadcastChannel(CONTROL_CHANNEL)
  const claim = () => channel.postMessage({ t: 'claim', version } satisfies Claim)
  return new Promise((resolve, reject) => {
    // Asked again now and then: the holder may still be opening, and deaf.
    const asking = setInterval(claim, 500)
    claim()
    navigator.locks
      .request(lock, () => {
        clearInterval(asking)
        return new Promise<void>((release) => {
          resolve({
            onSuccessor: (letGo) =>
              channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
                if (!isClaim(data) || data.version === version) return
                channel.close()
                letGo()
                  .catch((error: unknown) => console.warn('Runnel: the store did not close cleanly.', error))
                  .finally(release)
              })
          })
        })
      })
      .catch(reject)
  })
}
