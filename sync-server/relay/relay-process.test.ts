/** A relay in a process of its own: killed, and flooded. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import {
  addFrame,
  connectRaw,
  forkRelay,
  framesOf,
  joinAs,
  someFacts,
  syncMessage,
  type Peer,
  type RelayProcess
} from '../../tests/support/relay.ts'
import { SYNC_STEP } from './messages.ts'

const KILLS = 6

let folder: string
let host: RelayProcess
const peers: Peer[] = []

const join_ = (...options: Parameters<typeof joinAs> extends [unknown, ...infer Rest] ? Rest : never): Peer => {
  const peer = joinAs(host, ...options)
  peers.push(peer)
  return peer
}
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 2 })
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-relay-'))
  host = await forkRelay(join(folder, 'sync.db'))
})
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close()
  await host.kill()
  await rm(folder, { recursive: true, force: true })
})

test('[RM28] SIGKILL while it takes: what was acknowledged is there for whoever comes, the rest once its writer returns', async () => {
  const { port } = host
  const writer = join_({ query: { ack: '1' } })
  let written = 0
  for (let round = 0; round < KILLS; round++) {
    await until(() => expect(writer.provider.synced).toBe(true))
    const heard = writer.acks.length
    await until(() => {
      for (let i = 0; i < 20; i++) addFrame(writer.doc, someFacts(++written))
      expect(writer.acks.length).toBeGreaterThan(heard + 5 * round)
    })
    await host.kill()
    writer.provider.disconnect()
    // The first part of the document is the tail itself.
    const acknowledged = writer.acks.at(-1)![1] - 1
    expect(acknowledged).toBeGreaterThan(0)
    host = await forkRelay(join(folder, 'sync.db'), port)
    const reader = joinAs(host)
    await until(() => expect(reader.provider.synced).toBe(true))
    expect(framesOf(reader.doc)).toBeGreaterThanOrEqual(acknowledged)
    writer.provider.connect()
    await until(() => expect(framesOf(reader.doc)).toBe(written))
    reader.close()
  }
}, 120_000)

test('[RA20] ten thousand tiny messages a second from one client leave others their latency', async () => {
  const [ada, bob] = [join_(), join_()]
  await Promise.all([ada, bob].map(({ provider }) => until(() => expect(provider.synced).toBe(true))))
  for (let i = 0; i < 20; i++) ada.doc.getMap('f').set(`r${i}:AAAAAAAAAAA`, someFacts(1, { size: 5000 }))
  const calm = await latencyBetween(ada, bob)
  const flood = startFlood()
  await pause(500)
  const flooded = await latencyBetween(ada, bob)
  const offered = flood.stop()
  console.log(
    `median latency: calm ${calm.toFixed(2)} ms, flooded ${flooded.toFixed(2)} ms; ${offered.toFixed(0)} messages a second`
  )
  expect(offered).toBeGreaterThan(8000)
  // Twice as long, and the time of a turn or two of a processor that four share.
  expect(flooded).toBeLessThan(2 * calm + 5)
}, 60_000)

/** The median time of an update from one peer to another, ms. */
async function latencyBetween(from: Peer, to: Peer): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 100; i++) {
    const expected = framesOf(to.doc) + 1
    const arrived = new Promise<void>((resolve) => {
      const look = (): void => {
        if (framesOf(to.doc) < expected) return
        to.doc.off('update', look)
        resolve()
      }
      to.doc.on('update', look)
    })
    const start = performance.now()
    addFrame(from.doc)
    await arrived
    times.push(performance.now() - start)
    await pause(5)
  }
  return times.sort((a, b) => a - b)[times.length / 2]!
}

/** One client that asks for all there is, 100 times each ten milliseconds, and comes back whenever it is sent away. */
function startFlood(): { stop: () => number } {
  const ask = syncMessage(SYNC_STEP.one, Y.encodeStateVector(new Y.Doc()))
  let [isOver, asked] = [false, 0]
  const began = performance.now()
  const flood = async (): Promise<void> => {
    while (!isOver) {
      const { socket } = await connectRaw(host)
      socket.removeAllListeners('message')
      while (!isOver && socket.readyState === socket.OPEN) {
        // What the host does not read yet is offered all the same.
        for (let i = 0; i < 100; i++, asked++) if (socket.bufferedAmount < 1e6) socket.send(ask)
        const due = began + asked / 10
        await pause(Math.max(0, due - performance.now()))
      }
      socket.terminate()
    }
  }
  void flood()
  return {
    stop: () => {
      isOver = true
      return (asked / (performance.now() - began)) * 1000
    }
  }
}
