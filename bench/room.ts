// What an idle connection to a room costs a host, and how long one update takes to reach 500 members. See bench/README.md.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as Y from 'yjs'
import { MESSAGE } from '#lib/sync/agreement.ts'
import { SYNC_STEP } from '../sync-server/relay/messages.ts'
import {
  addFrame,
  connectRaw,
  forkRelay,
  someFacts,
  syncMessage,
  updateOf,
  type Raw,
  type RelayProcess
} from '../tests/support/relay.ts'
import { percentile, report } from './support/report.ts'

const IDLE = 1000
const ROOMS = 100
/** Who come together. */
const AT_ONCE = 50
const MEMBERS = 500
const UPDATES = 300
const UPDATE_EVERY_MS = 40
const FRAME_BYTES = 200
const MUST = { kb_per_connection: 40, fanout_p99_ms: 25 }

const folder = await mkdtemp(join(tmpdir(), 'runnel-bench-'))
try {
  const idle = await onHost('idle.db', weigh)
  const fanOut = await onHost('fan-out.db', spread)
  const figures = { ...idle, ...fanOut }
  report('room', figures)
  if (Object.entries(MUST).some(([name, most]) => !(figures[name]! <= most))) process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function onHost(file: string, work: typeof weigh): Promise<Record<string, number>> {
  const host = await forkRelay(join(folder, file))
  try {
    return await work(host)
  } finally {
    await host.kill()
  }
}

/** A hundred rooms, ten connections each, that have said what they have and been told what there is. */
async function weigh(host: RelayProcess): Promise<Record<string, number>> {
  // What any first connection loads is there already.
  const first = await joinRoom(host, 'x.1')
  const before = await host.memory()
  const joined: Raw[] = []
  while (joined.length < IDLE) {
    const some = Array.from({ length: AT_ONCE }, (_, i) => joinRoom(host, `x.${100 + ((joined.length + i) % ROOMS)}`))
    joined.push(...(await Promise.all(some)))
  }
  await pause(1000)
  const after = await host.memory()
  for (const { socket } of [first, ...joined]) socket.terminate()
  const kb = (bytes: number): number => bytes / 1024 / IDLE
  return {
    kb_per_connection: kb(after.rssBytes - before.rssBytes),
    heap_kb_per_connection: kb(after.heapBytes - before.heapBytes)
  }
}

/** One more, who adds a frame every 40 ms; when each of the 500 has it. */
async function spread(host: RelayProcess): Promise<Record<string, number>> {
  const members = await Promise.all(Array.from({ length: MEMBERS }, () => joinRoom(host, 'x.1')))
  const writer = await joinRoom(host, 'x.1')
  const doc = new Y.Doc()
  const times: number[] = []
  const lasts: number[] = []
  for (let i = 0; i < UPDATES; i++) {
    const update = updateOf(() => addFrame(doc, someFacts(i + 1, { size: FRAME_BYTES })), doc)
    const { promise: all, resolve } = Promise.withResolvers<void>()
    const start = performance.now()
    let left = MEMBERS
    for (const { socket } of members)
      socket.once('message', () => {
        times.push(performance.now() - start)
        if (--left === 0) resolve()
      })
    writer.sayUpdate(update)
    await all
    lasts.push(performance.now() - start)
    await pause(UPDATE_EVERY_MS)
  }
  for (const { socket } of [...members, writer]) socket.terminate()
  return {
    fanout_p50_ms: percentile(times, 0.5),
    fanout_p99_ms: percentile(times, 0.99),
    fanout_last_p50_ms: percentile(lasts, 0.5),
    fanout_worst_ms: percentile(times, 1)
  }
}

/** In, and past its first exchange. */
async function joinRoom(host: RelayProcess, room: string): Promise<Raw> {
  const raw = await connectRaw(host, room)
  const told = new Promise<void>((resolve) => {
    const hear = (message: Buffer): void => {
      if (message[0] !== MESSAGE.sync || message[1] !== SYNC_STEP.two) return
      raw.socket.off('message', hear)
      resolve()
    }
    raw.socket.on('message', hear)
  })
  raw.say(syncMessage(SYNC_STEP.two, new Uint8Array([0, 0])))
  raw.say(syncMessage(SYNC_STEP.one, new Uint8Array([0])))
  await told
  return raw
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
