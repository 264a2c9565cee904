import { describe, expect, test } from 'vitest'
import { grantOrigin, hasGrant, revokeGrant } from '#lib/store/grants.ts'
import { openTestStore } from '../../../tests/support/engines.ts'
import { Notebooks } from './notebooks.ts'

const ORIGIN = 'https://notebook.test'

async function openDesk() {
  const { store } = await openTestStore('node:sqlite')
  await store.write((tx) => grantOrigin(tx, ORIGIN))
  const closed: string[] = []
  const desk = new Notebooks({
    store,
    ownOrigin: 'http://runnel.test',
    attach: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const close = (reason: string): void => {
        closed.push(reason)
        resolve()
      }
      return Promise.resolve({ close, closed: promise })
    },
    changed: () => undefined
  })
  const knock = () =>
    desk.admit(new MessageChannel().port1, { origin: ORIGIN, session: 's', writer: 'w', name: 'n', version: '1' })
  const revoke = async () => {
    await store.write((tx) => revokeGrant(tx, ORIGIN))
    desk.disconnect(ORIGIN)
  }
  return { store, desk, closed, knock, revoke }
}

describe('the front desk', () => {
  test('a leave that is taken back while its notebook comes in stays taken back', async () => {
    const { store, desk, knock, revoke } = await openDesk()
    const [admission] = await Promise.all([knock(), revoke()])
    expect(admission).toEqual({ outcome: 'denied', reason: 'user' })
    expect(await store.read((r) => hasGrant(r, ORIGIN))).toBe(false)
    expect(desk.view().connected).toEqual([])
  })

  test('a notebook is let go when its leave is taken back at any step of its way in', async () => {
    for (let steps = 0; steps < 40; steps++) {
      const { store, desk, knock, revoke } = await openDesk()
      const knocking = knock()
      for (let i = 0; i < steps; i++) await Promise.resolve()
      await Promise.all([knocking, revoke()])
      await new Promise((resolve) => setTimeout(resolve))
      expect(desk.view().connected, `revoked after ${steps} microtasks`).toEqual([])
      expect(await store.read((r) => hasGrant(r, ORIGIN))).toBe(false)
    }
  })
})
