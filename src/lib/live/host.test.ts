import { expect, test } from 'vitest'
import { openTestStore } from '../../../tests/support/engines.ts'
import { LiveHost } from './host.ts'
import type { LiveEvent } from './protocol.ts'

const openHost = async (): Promise<LiveHost> => {
  const { store } = await openTestStore('node:sqlite')
  return new LiveHost({
    store,
    info: { epoch: 'e1', version: '1' },
    ownOrigin: null,
    attachNotebook: () => Promise.reject(new Error('No notebook comes.')),
    sizes: () => ({ databaseBytes: 0, logBytes: 0 }),
    applyDurability: () => undefined,
    giveRoomBack: () => Promise.resolve(),
    whenFree: () => new Promise(() => undefined)
  })
}

test('a host that has made way says goodbye to its pages and takes no new ones', async () => {
  const host = await openHost()
  const heard: LiveEvent[] = []
  const open = () => host.door.open('tab', 'lock', (event) => void heard.push(event))
  await open()
  host.retire()
  expect(heard.at(-1)).toEqual({ t: 'bye', reason: 'upgrade' })
  await expect(open()).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
})

test('[LS19] what is no notebook gets no session: one on what is no port would end the host', async () => {
  const session = await (await openHost()).door.open('tab', 'lock', () => undefined)
  const arrival = { origin: 'http://a.test', session: 's', writer: 'w', name: 'demo', version: '1' }
  const { port1 } = new MessageChannel()
  const others: [unknown, unknown][] = [
    [5, arrival],
    [{}, arrival],
    [null, null],
    [port1, null],
    [port1, { ...arrival, session: {} }],
    [port1, { ...arrival, writer: 'w'.repeat(10_000) }]
  ]
  // In words of ours, without the stack that Comlink would send along.
  for (const [port, who] of others)
    await expect(session.admit(port as MessagePort, who as typeof arrival)).rejects.toEqual({
      code: 'INVALID_PARAMETER_VALUE',
      message: 'This is no notebook of the protocol.'
    })
  port1.close()
})
