import { expect, it } from 'vitest'
import { RunnelError } from '#lib/domain/errors.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { BlobWatch } from './blob-watch.ts'

it('[BW1] a host is asked a while after its room is live, soon again while it lacks some, and not once it is away', async () => {
  const answers: (() => Promise<number>)[] = [
    () => Promise.resolve(2),
    () => Promise.resolve(0),
    () => Promise.reject(new RunnelError('RESOURCE_EXHAUSTED', 'The disk is full.')),
    () => Promise.resolve(0)
  ]
  let planned: { readonly ms: number; readonly work: () => void } | null = null
  const watch = new BlobWatch({
    bring: () => answers.shift()!(),
    afterMs: () => 7,
    onChange: () => undefined,
    later: (work, ms) => {
      planned = { ms, work }
      return () => (planned = null)
    }
  })
  const next = async (): Promise<number | undefined> => {
    const { ms, work } = planned!
    planned = null
    work()
    await expect.poll(() => planned).not.toBeNull()
    return ms
  }
  expect(planned).toBeNull()
  watch.isLive = true
  expect([await next(), await next(), await next()]).toEqual([7, 7, SYNC.blobsEveryMs])
  expect(watch.problem).toBe('The disk is full.')
  expect(await next()).toBe(SYNC.retryMs)
  expect(watch.problem).toBeNull()
  watch.isLive = false
  expect(planned).toBeNull()
  await watch.close()
})
