// How many frames of facts a second a host takes through real sockets, guarded and on disk. See bench/README.md.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'
import { MESSAGE } from '#lib/sync/agreement.ts'
import { SYNC_STEP } from '../sync-server/relay/messages.ts'
import {
  addFrame,
  connectRaw,
  forkRelay,
  framesOf,
  joinAs,
  KEY,
  someFacts,
  syncMessage,
  updateOf,
  type Raw,
  type RelayProcess
} from '../tests/support/relay.ts'
import { percentile, report } from './support/report.ts'

const ROOMS = 8
const WRITERS_PER_ROOM = 4
const FRAMES = 2000
const FRAME_BYTES = 300
/** Frames of one writer that may be without an acknowledgement. */
const WINDOW = 64
const ROUNDS = 3
const MUST = { frames_per_s: 5000 }

interface Line {
  readonly room: string
  readonly key: string
  readonly client: number
  readonly messages: readonly Uint8Array[]
}

const folder = await mkdtemp(join(tmpdir(), 'runnel-bench-'))
const host = await forkRelay(join(folder, 'sync.db'))
try {
  const rates: number[] = []
  const waits: number[] = []
  for (let round = 0; round < ROUNDS; round++) rates.push(await ingest(host, round, waits))
  const figures = {
    frames_per_s: percentile(rates, 0.5),
    worst_frames_per_s: Math.min(...rates),
    best_frames_per_s: Math.max(...rates),
    ack_p50_ms: percentile(waits, 0.5),
    ack_p99_ms: percentile(waits, 0.99)
  }
  report('relay-ingest', figures)
  if (figures.frames_per_s < MUST.frames_per_s) process.exitCode = 1
} finally {
  await host.kill()
  await rm(folder, { recursive: true, force: true })
}

/** Everything sent, acknowledged, and heard by one stock client in each room. Frames a second. */
async function ingest(on: RelayProcess, round: number, waits: number[]): Promise<number> {
  const lines = Array.from({ length: ROOMS * WRITERS_PER_ROOM }, (_, i) =>
    lineOf(`x.${round * ROOMS + (i % ROOMS) + 1}`, i)
  )
  const readers = lines.slice(0, ROOMS).map(({ room }) => joinAs(on, { room }))
  await Promise.all(readers.map(({ provider }) => new Promise((resolve) => provider.once('sync', resolve))))
  const sockets = await Promise.all(lines.map(({ room }) => connectRaw(on, `${room}?ack=1`)))
  const start = performance.now()
  await Promise.all(lines.map((line, i) => write(sockets[i]!, line, waits)))
  const ms = performance.now() - start
  for (const { socket } of sockets) socket.terminate()
  for (const [i, { doc }] of readers.entries())
    await hasAll(
      doc,
      lines.filter((_, at) => at % ROOMS === i)
    )
  for (const reader of readers) reader.close()
  return (lines.length * FRAMES * 1000) / ms
}

function lineOf(room: string, index: number): Line {
  const doc = new Y.Doc()
  const key = `${KEY.slice(0, -2)}${String(index).padStart(2, '0')}`
  const messages = Array.from({ length: FRAMES }, (_, i) =>
    syncMessage(
      SYNC_STEP.update,
      updateOf(() => addFrame(doc, someFacts(i + 1, { size: FRAME_BYTES }), key), doc)
    )
  )
  return { room, key, client: doc.clientID, messages }
}

/** So many at once that are not acknowledged yet, until the last one is. */
function write({ socket }: Raw, line: Line, waits: number[]): Promise<void> {
  const sentAt: number[] = []
  const sendUpTo = (end: number): void => {
    while (sentAt.length < Math.min(end, FRAMES)) {
      socket.send(line.messages[sentAt.length]!)
      sentAt.push(performance.now())
    }
  }
  return new Promise((resolve, reject) => {
    socket.once('close', (code: number) => reject(new Error(`A writer was closed with ${code}.`)))
    socket.on('message', (data: Buffer) => {
      const decoder = decoding.createDecoder(new Uint8Array(data))
      if (decoding.readVarUint(decoder) !== MESSAGE.ack || decoding.readVarUint(decoder) !== line.client) return
      // The tail itself is the first part of the document.
      const kept = decoding.readVarUint(decoder) - 1
      waits.push(performance.now() - sentAt[kept - 1]!)
      if (kept === FRAMES) resolve()
      sendUpTo(kept + WINDOW)
    })
    sendUpTo(WINDOW)
  })
}

async function hasAll(doc: Y.Doc, lines: readonly Line[]): Promise<void> {
  const deadline = performance.now() + 10_000
  while (lines.some(({ key }) => framesOf(doc, key) !== FRAMES)) {
    if (performance.now() > deadline) throw new Error('A reader does not have every frame that was acknowledged.')
    await new Promise((next) => setTimeout(next, 20))
  }
}
