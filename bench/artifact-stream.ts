// One gigabyte in and out of a host over a socket, and what its memory grows by meanwhile. See bench/README.md.
import { fork, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PREFIX, uploadInParts } from './support/artifact-parts.ts'
import type { BenchMessage, HostMessage } from './support/artifact-host.ts'
import { report } from './support/report.ts'

const MEGABYTE = 1_000_000
const SIZE_BYTES = 1024 ** 3
const PIECE_BYTES = 1024 ** 2
const PART_BYTES = 100 * 1024 ** 2
const MOST_GROWTH_BYTES = 200 * MEGABYTE

const folder = await mkdtemp(join(tmpdir(), 'runnel-bench-'))
const host = fork(fileURLToPath(new URL('./support/artifact-host.ts', import.meta.url)), [folder])
try {
  const { port } = (await heard(host)) as { readonly port: number }
  await bench(`http://127.0.0.1:${port}`)
} finally {
  tell(host, 'end')
  await once(host, 'exit')
  await rm(folder, { recursive: true, force: true })
}

async function bench(origin: string): Promise<void> {
  const url = `${origin}${PREFIX}/artifacts/0/run/artifacts/big.bin`
  // Twice the way there and back with something small, so that what any host loads once is there already.
  for (let i = 0; i < 2; i++) {
    await fetch(`${url}.small`, { method: 'PUT', body: 'small' })
    await (await fetch(`${url}.small`)).text()
  }
  const [before = NaN] = (await samplesOf(host)).slice(-1)
  const pieces = somePieces()
  const expected = pieces.hash

  const upMs = await timed(() => put(url, pieces.stream()))
  const up = await samplesOf(host)
  const downMs = await timed(() => getAndCheck(url, expected))
  const down = await samplesOf(host)
  const partsMs = await timed(() => uploadInParts(origin, '0/run/artifacts', 'parts.bin', pieces.blobs(PART_BYTES)))
  const parts = await samplesOf(host)
  await getAndCheck(url.replace('big.bin', 'parts.bin'), expected)

  for (const [name, samples] of Object.entries({ up, down, parts }))
    console.log(
      `${name}: resident MB, every 50 ms: ${thinned(samples)
        .map((rss) => Math.round(rss / MEGABYTE))
        .join(' ')}`
    )
  const growth = (samples: readonly number[]): number => Math.max(...samples) - before
  const speed = (ms: number): number => SIZE_BYTES / MEGABYTE / (ms / 1000)
  report('artifact-stream', {
    up_mb_per_s: speed(upMs),
    down_mb_per_s: speed(downMs),
    parts_mb_per_s: speed(partsMs),
    rss_before_mb: before / MEGABYTE,
    rss_growth_up_mb: growth(up) / MEGABYTE,
    rss_growth_down_mb: growth(down) / MEGABYTE,
    rss_growth_parts_mb: growth(parts) / MEGABYTE
  })
  if (growth([...up, ...down, ...parts]) > MOST_GROWTH_BYTES) process.exitCode = 1
}

/** A gigabyte that is not one megabyte again and again: each piece is marked with its number. */
function somePieces() {
  const random = randomBytes(PIECE_BYTES)
  const count = SIZE_BYTES / PIECE_BYTES
  const piece = (index: number): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(random)
    new DataView(bytes.buffer).setUint32(0, index)
    return bytes
  }
  const hash = createHash('sha256')
  for (let i = 0; i < count; i++) hash.update(piece(i))
  return {
    hash: hash.digest('hex'),
    stream: () => {
      let next = 0
      return new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull: (controller) => (next < count ? controller.enqueue(piece(next++)) : controller.close())
      })
    },
    *blobs(size: number): Generator<Blob> {
      const each = size / PIECE_BYTES
      for (let from = 0; from < count; from += each)
        yield new Blob(Array.from({ length: Math.min(each, count - from) }, (_, i) => piece(from + i)))
    }
  }
}

async function put(url: string, body: ReadableStream): Promise<void> {
  const answer = await fetch(url, { method: 'PUT', body, duplex: 'half' } as RequestInit)
  if (!answer.ok) throw new Error(`PUT answered ${answer.status}: ${await answer.text()}`)
}

async function getAndCheck(url: string, expected: string): Promise<void> {
  const answer = await fetch(url)
  if (!answer.ok || !answer.body) throw new Error(`GET answered ${answer.status}`)
  const hash = createHash('sha256')
  for await (const piece of answer.body) hash.update(piece)
  if (hash.digest('hex') !== expected) throw new Error('What came back is not what was sent.')
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

function tell(child: ChildProcess, message: BenchMessage): void {
  child.send(message)
}

async function heard(child: ChildProcess): Promise<HostMessage> {
  const [message] = (await once(child, 'message')) as [HostMessage]
  return message
}

async function samplesOf(child: ChildProcess): Promise<readonly number[]> {
  const answer = heard(child)
  tell(child, 'samples')
  return ((await answer) as { readonly rssBytes: readonly number[] }).rssBytes
}

function thinned(samples: readonly number[]): readonly number[] {
  return samples.filter((_, i) => i % Math.ceil(samples.length / 40) === 0)
}
