import { HOST } from '#lib/domain/limits.ts'
import { forgetOldSessions } from '#lib/store/sessions.ts'
import type { Store } from '#lib/store/store.ts'

/**
 * Do what nobody waits for, now and then: forget old marks and uploads, and let go of blobs without a reference. A failure costs only room,
 * until the next time.
 *
 * returns  how to end it; resolves when none of it runs any more
 */
export const keepTidy = (store: Store): (() => Promise<void>) => {
  let running: Promise<void> = Promise.resolve()
  const tidy = async (): Promise<void> => {
    try {
      await store.write((tx) => forgetOldSessions(tx))
      await store.sweepBlobs()
    } catch (error) {
      console.warn('Runnel: tidying up was put off.', error)
    }
  }
  const run = (): void => {
    running = running.then(tidy)
  }
  // Not at once: whoever starts a host waits for its first answer.
  const first = setTimeout(run, HOST.tidyAfterMs)
  const every = setInterval(run, HOST.tidyEveryMs)
  for (const timer of [first, every]) timer.unref()
  return () => {
    clearTimeout(first)
    clearInterval(every)
    return running
  }
}
