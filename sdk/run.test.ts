import { expect, test, vi } from 'vitest'
import { RunnelError } from '#lib/domain/errors.ts'
import { Run } from './run.ts'
import type { OpStream } from './stream.ts'

const runOn = (op: () => Promise<void>): Run => new Run({ op } as unknown as OpStream, 'r', null, () => undefined)

test('[SM20] an end waits for the last system metrics, and is refused at once all the same', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  let logged: () => void = () => undefined
  const stop = vi.fn(() => new Promise<void>((resolve) => (logged = resolve)))
  const run = runOn(() => Promise.resolve())
  run.system = Promise.resolve({ stop })
  let hasEnded = false
  const ending = run.end().then(() => (hasEnded = true))
  await new Promise((resolve) => setTimeout(resolve))
  expect([stop.mock.calls.length, hasEnded]).toEqual([1, false])
  logged()
  await ending

  const full = runOn(() => Promise.reject(new RunnelError('RESOURCE_EXHAUSTED', 'no room')))
  full.system = Promise.resolve({ stop: () => new Promise<void>(() => undefined) })
  await expect(full.end()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  vi.restoreAllMocks()
})
