import { expect, test } from 'vitest'
import { openTestStore } from '../../../tests/support/engines.ts'
import { LiveHost } from './host.ts'
import type { LiveEvent } from './protocol.ts'

test('a host that has made way says goodbye to its pages and takes no new ones', async () => {
  const { store } = await openTestStore('node:sqlite')
  const host = new LiveHost({
    store,
    info: { epoch: 'e1', version: '1' },
    ownOrigin: 'http://runnel.test',
    attachNotebook: () => Promise.reject(new Error('No notebook comes.')),
    sizes: () => ({ databaseBytes: 0, logBytes: 0 }),
    applyDurability: () => undefined,
    giveRoomBack: () => Promise.resolve(),
    whenFree: () => new Promise(() => undefined)
  })
  const heard: LiveEvent[] = []
  const open = () => host.door.open('tab', 'lock', (event) => void heard.push(event))
  await open()
  host.retire()
  expect(heard.at(-1)).toEqual({ t: 'bye', reason: 'upgrade' })
  await expect(open()).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
})
