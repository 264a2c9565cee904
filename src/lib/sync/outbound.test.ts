import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { SYNC } from '#lib/domain/limits.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import { Outbound } from './outbound.ts'

const RUN = 'r1' as Subject

/** A document, what is on its way in it, and how to write so many bytes of a run. */
const opened = () => {
  const doc = new Y.Doc()
  const outbound = new Outbound(doc, () => undefined)
  const write = (bytes: number): number => {
    doc.transact(() => doc.getMap('f').set('r1:w', new Uint8Array(bytes)))
    outbound.wrote(RUN)
    return Y.getState(doc.store, doc.clientID)
  }
  const isReady = async (): Promise<boolean> => {
    const ready = outbound.ready().then(
      () => true,
      () => false
    )
    return Promise.race([ready, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 5))])
  }
  return { outbound, write, isReady }
}

describe('what is on its way to a host', () => {
  it('[OB1] may be more only while the room is live, and not too much of it is unacknowledged', async () => {
    const { outbound, write, isReady } = opened()
    expect(await isReady()).toBe(false)
    outbound.open()
    expect(await isReady()).toBe(true)
    const first = write(SYNC.unackedBytes / 2)
    expect(await isReady()).toBe(true)
    const second = write(SYNC.unackedBytes / 2)
    expect(await isReady()).toBe(false)
    outbound.acknowledge(first)
    expect(await isReady()).toBe(true)
    expect([outbound.pending, outbound.isAcknowledged]).toEqual([1, false])
    outbound.acknowledge(second)
    expect([outbound.pending, outbound.isAcknowledged]).toEqual([0, true])
    outbound.shut()
    expect(await isReady()).toBe(false)
    await outbound.close()
    await expect(outbound.ready()).rejects.toThrow('left')
  })

  it('[OB2] is sent from where it was acknowledged, and from where the host has it when it lost some', () => {
    const { outbound, write } = opened()
    const first = write(10)
    const second = write(10)
    outbound.acknowledge(first)
    expect(outbound.resumeFrom(second)).toBe(first)
    outbound.acknowledge(second)
    expect(outbound.isAcknowledged).toBe(true)
    expect(outbound.resumeFrom(0)).toBe(0)
    expect(outbound.isAcknowledged).toBe(false)
  })

  it('[OB3] is written by one at a time, and what is wanted meanwhile is done after it', async () => {
    const { outbound } = opened()
    const done: number[] = []
    let end = (): void => undefined
    const work = async (): Promise<null> => {
      await new Promise<void>((resolve) => (end = resolve))
      done.push(done.length)
      return null
    }
    for (let i = 0; i < 3; i++) outbound.send(work)
    end()
    await expect.poll(() => done).toEqual([0])
    end()
    await expect.poll(() => done).toEqual([0, 1])
    await outbound.close()
  })
})
