import { expect, test, vi } from 'vitest'
import { createHostMemory } from './host-memory.ts'

/** A cache storage that outlives a worker. */
function memoryCaches(): CacheStorage {
  const kept = new Map<string, Response>()
  const cache = { put: (path: string, response: Response) => Promise.resolve(void kept.set(path, response)) }
  return {
    open: () => Promise.resolve(cache),
    match: (path: string) => Promise.resolve(kept.get(path)?.clone())
  } as unknown as CacheStorage
}

const saying = (body: unknown, status = 200) =>
  vi.fn(() => Promise.resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body), { status })))
const away = () => vi.fn(() => Promise.reject(new TypeError('Failed to fetch')))

test('[LS13] a host with a store is known by what it says, and by nothing else', async () => {
  const keepsStore = (fetch: () => Promise<Response>) =>
    createHostMemory({ caches: memoryCaches(), fetch }).keepsStore()
  expect(await keepsStore(saying({ store: true, version: '1', token: false }))).toBe(true)
  for (const other of [null, {}, { store: false, version: '1' }, '<!doctype html>', ''])
    expect(await keepsStore(saying(other)), JSON.stringify(other)).toBe(false)
  expect(await keepsStore(saying({ store: true, version: '1' }, 404))).toBe(false)
  expect(await keepsStore(away())).toBe(false)
})

test('[LS14] a worker asks once, and one that starts offline goes by what the last one heard, asking again now and then', async () => {
  const caches = memoryCaches()
  const fetch = saying({ store: true, version: '1', token: false })
  const first = createHostMemory({ caches, fetch })
  expect([await first.keepsStore(), await first.keepsStore()]).toEqual([true, true])
  expect(fetch).toHaveBeenCalledTimes(1)
  vi.useFakeTimers()
  const offline = away()
  const second = createHostMemory({ caches, fetch: offline })
  expect([await second.keepsStore(), await second.keepsStore()]).toEqual([true, true])
  expect(offline).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(10_000)
  expect(await second.keepsStore()).toBe(true)
  expect(offline).toHaveBeenCalledTimes(2)
  vi.useRealTimers()
  const gateway = createHostMemory({ caches, fetch: saying('Bad gateway', 502) })
  expect(await gateway.keepsStore()).toBe(true)
  const moved = createHostMemory({ caches, fetch: saying('null') })
  expect(await moved.keepsStore()).toBe(false)
  expect(await createHostMemory({ caches, fetch: away() }).keepsStore()).toBe(false)
})
