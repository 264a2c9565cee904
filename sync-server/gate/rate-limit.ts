import { HOST } from '#lib/domain/limits.ts'

/** How often one client may ask. */
export interface RateLimit {
  /** Count one request. Returns 0 when it may go on, else the seconds to wait before the next. */
  take(client: string): number
}

export interface RateOptions {
  /** What comes back per second; 0 for no limit at all. */
  readonly perSecond: number
  /** What may be used up at once. */
  readonly burst: number
  /** Milliseconds that only go forward. */
  readonly clock?: () => number
}

/** A token bucket for each client, filled by time. */
export const createRateLimit = ({ perSecond, burst, clock = () => performance.now() }: RateOptions): RateLimit => {
  if (perSecond === 0) return { take: () => 0 }
  // In the order of their last request: the first has been quiet longest.
  const buckets = new Map<string, { left: number; atMs: number }>()
  const leftNow = (client: string, now: number): number => {
    const known = buckets.get(client)
    return known ? Math.min(burst, known.left + ((now - known.atMs) / 1000) * perSecond) : burst
  }
  const secondsFrom = (left: number): number => (left >= 1 ? 0 : Math.max(1, Math.ceil((1 - left) / perSecond)))
  return {
    take(client) {
      const now = clock()
      const left = leftNow(client, now)
      buckets.delete(client)
      buckets.set(client, { left: left >= 1 ? left - 1 : left, atMs: now })
      forgetQuietest(buckets)
      return secondsFrom(left)
    }
  }
}

const forgetQuietest = (buckets: Map<string, unknown>): void => {
  if (buckets.size <= HOST.ratedClients) return
  const [quietest] = buckets.keys()
  if (quietest !== undefined) buckets.delete(quietest)
}
