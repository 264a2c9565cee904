import { HOST_INFO_PATH } from '#lib/live/store-paths.ts'
import { readHostInfo } from '#lib/live/host-info.ts'

/** Whether the host of this origin keeps a store: asked once in a worker's life, and remembered for when nobody answers. */
export interface HostMemory {
  /** Never fails, and answers within 3 s. */
  readonly keepsStore: () => Promise<boolean>
}

export interface HostMemoryParts {
  readonly caches: CacheStorage
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>
}

/** Not one of the shell's caches: what is known of the host outlives the app's versions. */
const cacheName = 'runnel-host'
const askWithinMs = 3000
/** While nobody answers, what is remembered holds for as long: on a network that swallows everything each request would wait anew. */
const askAgainAfterMs = 10_000

export const createHostMemory = ({ caches, fetch }: HostMemoryParts): HostMemory => {
  let answer: Promise<boolean> | undefined

  const ask = async (): Promise<boolean> => {
    const response = await fetch(HOST_INFO_PATH, { cache: 'no-store', signal: AbortSignal.timeout(askWithinMs) })
    // What stands in front of a host that is away says nothing of its store.
    if (response.status >= 500) throw new Error('The host is away.')
    const keepsStore = response.ok && readHostInfo(await response.text()) !== null
    await remember(keepsStore).catch(() => undefined)
    return keepsStore
  }
  const remember = async (keepsStore: boolean): Promise<void> => {
    const cache = await caches.open(cacheName)
    await cache.put(HOST_INFO_PATH, Response.json(keepsStore))
  }
  const recall = async (): Promise<boolean> => {
    const kept = await caches.match(HOST_INFO_PATH, { cacheName })
    return kept !== undefined && (await kept.json()) === true
  }

  return {
    keepsStore: () => {
      answer ??= ask().catch(() => {
        // It may be on its way.
        setTimeout(() => (answer = undefined), askAgainAfterMs)
        return recall().catch(() => false)
      })
      return answer
    }
  }
}
