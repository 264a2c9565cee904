/**
 * Chunks nobody wrote: bent, cut, glued together, made up, crafted. Whatever the bytes are, reading them ends soon, sets no more memory aside
 * than the header may claim, and gives a series that keeps the rules or says DATA_LOSS. A rejection nobody hears fails the run by itself.
 *
 * `FUZZ_SEED=N` repeats a run, `FUZZ_SECONDS=N` lengthens it.
 */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { writeVarint } from '#lib/domain/chunk/bytes.ts'
import {
  envelopeBytes,
  openChunk,
  openEnvelope,
  packSeries,
  sealSeries,
  unpackSeries
} from '#lib/domain/chunk/chunk.ts'
import type { ChunkEnvelope } from '#lib/domain/chunk/envelope.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import { CHUNK } from '#lib/domain/limits.ts'
import { assertSeries, type Series } from '#lib/domain/series.ts'
import { INTEGER_RECIPES, makeSeries, VALUE_RECIPES } from '../support/random-series.ts'
import { seeded, type Random } from './bend.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const seconds = Number(process.env['FUZZ_SECONDS'] ?? 5)

type Bytes = Uint8Array<ArrayBuffer>

describe('chunks nobody wrote', () => {
  test(
    `[CHF1] are read or refused (FUZZ_SEED=${seed} FUZZ_SECONDS=${seconds})`,
    { timeout: seconds * 1000 + 60_000 },
    async () => {
      const random = seeded(seed)
      const ends = performance.now() + seconds * 1000
      const tally = { tried: 0, refused: 0 }
      while (performance.now() < ends) {
        const chunk = await someChunk(random)
        for (let i = 0; i < 40; i++) {
          tally.tried++
          if (!(await read(bend(chunk, random)))) tally.refused++
        }
        expect(await read(chunk)).toBe(true)
      }
      console.info(`chunk fuzz: ${tally.tried} bent chunks, ${tally.refused} refused`)
      expect(tally.tried).toBeGreaterThan(200)
      expect(tally.refused).toBeGreaterThan(tally.tried / 4)
    }
  )
})

/** Whether any door takes the bytes. Every refusal is the one there is for it. */
async function read(chunk: Bytes): Promise<boolean> {
  const unpacked = await answer(async () => unpackSeries(chunk))
  const opened = await answer(() => openChunk(chunk))
  const envelope = await answer(async () => openEnvelope(chunk.subarray(0, envelopeBytes(chunk))))
  for (const series of [unpacked, opened]) if (series) expectSeries(series)
  if (envelope) expectEnvelope(envelope)
  return opened !== null
}

async function answer<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    expect(error).toBeInstanceOf(RunnelError)
    const { code, message } = error as RunnelError
    expect(code).toBe('DATA_LOSS')
    expect(message).toMatch(/^A chunk .+ cannot be read: .+\.$/)
    return null
  }
}

function expectSeries(series: Series): void {
  assertSeries(series)
  expect(series.values.length).toBeLessThanOrEqual(CHUNK.readPoints)
}

function expectEnvelope(envelope: ChunkEnvelope): void {
  const nodes = Math.ceil(envelope.points / CHUNK.nodePoints)
  expect(envelope.finite.length).toBe(nodes)
  for (const { counts, steps, timestamps } of [envelope.nan, envelope.positiveInfinity, envelope.negativeInfinity]) {
    expect([counts.length, steps.length, timestamps.length]).toEqual([nodes, nodes, nodes])
  }
}

async function someChunk(random: Random): Promise<Bytes> {
  const series = makeSeries({
    length: random.pick([0, 1, 2, 10, 300, 1000]),
    seed: random.integer(2 ** 31),
    steps: random.pick(INTEGER_RECIPES),
    timestamps: random.pick(INTEGER_RECIPES),
    values: random.pick(VALUE_RECIPES),
    exact: random.unit() < 0.1
  })
  return random.unit() < 0.5 ? packSeries(series) : sealSeries(series)
}

const BENDS: readonly ((chunk: Bytes, random: Random) => Bytes)[] = [
  (chunk, random) => flipped(chunk, random, chunk.length),
  // The header is where the lengths are.
  (chunk, random) => flipped(chunk, random, 25),
  (chunk, random) => flipped(chunk, random, 25),
  (chunk, random) => chunk.slice(0, random.integer(chunk.length)),
  (chunk, random) => glued([chunk, noise(random, 1 + random.integer(20))]),
  (chunk, random) => glued([chunk.slice(0, random.integer(chunk.length)), noise(random, random.integer(200))]),
  (chunk, random) => {
    const [at, length] = [random.integer(chunk.length), random.integer(9)]
    return glued([chunk.slice(0, at), noise(random, random.integer(9)), chunk.slice(at + length)])
  },
  // A number where a length or a count is.
  (chunk, random) => {
    const at = 5 + random.integer(20)
    const number = random.pick([0, 1, 127, 128, 65_536, 2 ** 18, 2 ** 18 + 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1])
    return glued([chunk.slice(0, at), varint(number), chunk.slice(at + random.integer(4))])
  },
  (_, random) => noise(random, random.integer(100)),
  (_, random) => glued([new TextEncoder().encode('RNC1'), noise(random, random.integer(300))]),
  (_, random) =>
    glued([new TextEncoder().encode('RNC1'), Uint8Array.of(random.integer(4)), noise(random, random.integer(300))])
]

const bend = (chunk: Bytes, random: Random): Bytes => random.pick(BENDS)(chunk, random)

function flipped(chunk: Bytes, random: Random, within: number): Bytes {
  const bent = chunk.slice()
  for (let flips = 1 + random.integer(3); flips > 0; flips--) {
    const at = random.integer(Math.min(within, bent.length))
    bent[at] = bent[at]! ^ (1 << random.integer(8))
  }
  return bent
}

const noise = (random: Random, length: number): Bytes => Uint8Array.from({ length }, () => random.integer(256))

function glued(parts: readonly Bytes[]): Bytes {
  return new Uint8Array(parts.flatMap((part) => [...part]))
}

function varint(number: number): Bytes {
  const bytes = new Uint8Array(10)
  return bytes.slice(0, writeVarint(bytes, 0, number))
}

describe('crafted chunks', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  // The bytes of docs/chunk-format.md.
  const [PACKED, SEALED, EXACT] = [0, 1, 2] as const
  const [EVEN, DELTAS, RAW] = [0, 1, 3] as const
  const [WHOLE, FLOAT32, FLOAT64, CONSTANT] = [0, 7, 8, 0x10] as const
  const MAGIC = [0x52, 0x4e, 0x43, 0x31]

  /** Numbers from 0 to 255 are bytes as they are. */
  const crafted = (
    flags: number,
    count: number,
    kinds: readonly number[],
    rest: readonly (number | Bytes)[] = []
  ): Bytes =>
    glued([
      Uint8Array.from([...MAGIC, flags]),
      varint(count),
      Uint8Array.from(kinds),
      ...rest.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part))
    ])

  const sealed = (
    count: number,
    kinds: readonly number[],
    noisy: number,
    lengths: readonly number[],
    blocks: readonly Bytes[]
  ): Bytes => crafted(SEALED, count, kinds, [noisy, ...lengths.map(varint), ...blocks])

  const deflated = async (block: Bytes): Promise<Bytes> =>
    new Uint8Array(
      await new Response(new Blob([block]).stream().pipeThrough(new CompressionStream('deflate-raw'))).arrayBuffer()
    )

  test.each<[string, Bytes, RegExp]>([
    ['more points than are read', crafted(PACKED, CHUNK.readPoints + 1, [EVEN, EVEN, WHOLE]), /claims 262145 points/],
    ['points without end', crafted(PACKED, 2 ** 53 - 1, [EVEN, EVEN, WHOLE]), /claims \d+ points/],
    ['many points, and no bytes for them', crafted(PACKED, CHUNK.readPoints, [DELTAS, DELTAS, FLOAT64]), /too soon/],
    ['raw integers that are not there', crafted(PACKED, CHUNK.readPoints, [RAW, RAW, FLOAT64], [1, 2, 3]), /too soon/],
    ['floats that are not there', crafted(PACKED, 1000, [EVEN, EVEN, FLOAT32], [0, 0, 0, 0, 1]), /too soon/],
    ['a flag of tomorrow', crafted(4, 1, [EVEN, EVEN, WHOLE], [0, 0, 0]), /flags/],
    ['a kind of integers of tomorrow', crafted(PACKED, 1, [4, EVEN, WHOLE], [0, 0, 0]), /no kind 4 of integers/],
    ['a kind of values of tomorrow', crafted(PACKED, 1, [EVEN, EVEN, 9], [0, 0, 0]), /no kind 9 of values/],
    ['a kind of values with a stray bit', crafted(PACKED, 1, [EVEN, EVEN, 0x20], [0, 0, 0]), /no kind 32 of values/],
    ['bytes after the last', crafted(PACKED, 1, [EVEN, EVEN, WHOLE], [0, 0, 0, 0]), /1 bytes follow/],
    ['a number longer than it is', crafted(PACKED, 1, [EVEN, EVEN, WHOLE], [0x80, 0, 0, 0]), /longer than it is/],
    ['a number of 56 bits', crafted(PACKED, 1, [EVEN, EVEN, WHOLE], [...Array<number>(7).fill(255), 127]), /53 bits/],
    ['a number without end', crafted(PACKED, 1, [EVEN, EVEN, WHOLE], Array<number>(20).fill(255)), /53 bits/],
    [
      'distances that add up beyond 53 bits',
      crafted(PACKED, 3, [DELTAS, EVEN, WHOLE], Array(3).fill(varint(2 ** 53 - 2))),
      /53 bits/
    ],
    ['even steps that leave 53 bits', crafted(PACKED, 9, [EVEN, EVEN, WHOLE], [0, varint(2 ** 53 - 2)]), /53 bits/],
    ['raw integers of 64 bits', crafted(PACKED, 1, [RAW, EVEN, WHOLE], [0, 0, 0, 0, 0, 0, 0, 64]), /not said to/],
    ['exact integers that are not raw', crafted(EXACT, 1, [RAW, EVEN, WHOLE], [0, 0, 0]), /are not raw/],
    ['exact integers without need', crafted(EXACT, 1, [RAW, RAW, WHOLE], Array<number>(17).fill(0)), /no number has/],
    ['a body longer than points can be', sealed(10, [EVEN, EVEN, WHOLE], 0, [1, 1, 1000, 100_000], []), /has at most/],
    ['an envelope longer than nodes can be', sealed(10, [EVEN, EVEN, WHOLE], 0, [1, 1000, 1, 1], []), /has at most/],
    ['a block that shrinks too well', sealed(60_000, [EVEN, EVEN, WHOLE], 0, [1, 1, 1, 2000], []), /cannot have 1/],
    ['a block longer deflated', sealed(10, [EVEN, EVEN, WHOLE], 0, [2, 1, 1, 1], []), /cannot have 2/],
    [
      'blocks that reach beyond the end',
      sealed(10, [EVEN, EVEN, FLOAT64], 0, [1, 1, 200, 200], [noiseOf(150)]),
      /too soon/
    ],
    ['planes aside of whole numbers', sealed(10, [EVEN, EVEN, WHOLE], 1, [1, 1, 1, 1], []), /planes/],
    ['planes aside of a constant', sealed(10, [EVEN, EVEN, FLOAT64 | CONSTANT], 1, [1, 1, 1, 1], []), /planes/],
    ['a fifth plane of four', sealed(10, [EVEN, EVEN, FLOAT32], 16, [1, 1, 1, 1], []), /planes/],
    ['planes aside that are not there', sealed(300, [EVEN, EVEN, FLOAT32], 1, [0, 0, 4, 4], [noiseOf(299)]), /too soon/]
  ])('[CHF2] %s', async (_, chunk, says) => {
    const isSealed = (chunk[4]! & SEALED) !== 0
    if (!isSealed) expect(() => unpackSeries(chunk)).toThrow(says)
    await expect(openChunk(chunk)).rejects.toThrow(says)
    expect(await read(chunk)).toBe(false)
  })

  function noiseOf(length: number): Bytes {
    return noise(seeded(1), length)
  }

  test('[CHF3] a block that inflates to more than it claims is not read to its end', async () => {
    const count = CHUNK.readPoints
    const claimed = 24 * count
    const inflated = watchInflating()
    const bomb = await deflated(new Uint8Array(200 * 1024 * 1024))
    await expect(
      openChunk(sealed(count, [DELTAS, DELTAS, FLOAT64], 0, [0, 0, bomb.length, claimed], [bomb]))
    ).rejects.toThrow(/more/)
    expect(inflated.bytes).toBeGreaterThan(claimed)
    expect(inflated.bytes).toBeLessThan(claimed + 1024 * 1024)
    // What goes in at once may come out a thousand times as long before anybody can stop it.
    expect(inflated.atOnce).toBeLessThanOrEqual(16 * 1024)
    const small = await deflated(new Uint8Array(64 * 1024))
    inflated.bytes = 0
    await expect(openEnvelope(sealed(1, [EVEN, EVEN, WHOLE], 0, [small.length, 300, 0, 0], [small]))).rejects.toThrow(
      /more/
    )
    expect(inflated.bytes).toBeLessThanOrEqual(64 * 1024)
  })

  test('[CHF4] a block that inflates to less, does not end, or ends before its bytes do', async () => {
    const block = new Uint8Array(5000)
    const whole = await deflated(block)
    const chunk = (kept: Bytes, length: number) =>
      sealed(1000, [DELTAS, DELTAS, FLOAT64], 0, [0, 0, kept.length, length], [kept])
    await expect(openChunk(chunk(whole, 5001))).rejects.toThrow(/less than 5001/)
    await expect(openChunk(chunk(whole.slice(0, -2), 5000))).rejects.toThrow(/cannot be read/)
    await expect(openChunk(chunk(glued([whole, Uint8Array.of(1, 2, 3)]), 5000))).rejects.toThrow(/cannot be read/)
    await expect(openChunk(chunk(Uint8Array.of(7, 7, 7, 7, 7, 7), 5000))).rejects.toThrow(/does not inflate/)
  })

  test('[CHF5] an envelope with any bit turned', async () => {
    const series = makeSeries({ length: 10, seed: 1, steps: 'counting', timestamps: 'counting', values: 'constant' })
    const chunk = await sealSeries(series)
    const length = envelopeBytes(chunk)
    const messages = new Set<string>()
    for (let at = 0; at < length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bent = chunk.slice(0, length)
        bent[at] = bent[at]! ^ (1 << bit)
        await openEnvelope(bent).then(expectEnvelope, (error: unknown) => {
          expect(error).toMatchObject({ code: 'DATA_LOSS' })
          messages.add((error as RunnelError).message)
        })
      }
    }
    expect(messages.size).toBeGreaterThan(3)
  })

  test('[CHF6] an envelope that counts more points than there are', async () => {
    const [PLACES, VALUES] = [14, 2]
    const enveloped = (nan: number): Bytes => {
      const columns = [
        ...Array<number[]>(PLACES + VALUES).fill([EVEN, 0]),
        [EVEN, nan < 0 ? 1 : 2 * nan],
        [EVEN, 0],
        [EVEN, 0]
      ]
      const block = Uint8Array.from([0, ...columns.flat()])
      return sealed(10, [EVEN, EVEN, WHOLE | CONSTANT], 0, [block.length, block.length, 0, 0], [block])
    }
    const envelope = await openEnvelope(enveloped(10))
    expect([...envelope.nan.counts, ...envelope.finite]).toEqual([10, 0])
    await expect(openEnvelope(enveloped(11))).rejects.toThrow(/counts more points/)
    await expect(openEnvelope(enveloped(-1))).rejects.toThrow(/count that cannot be/)
  })

  /** How many bytes come out of the platform's stream, and how many go in at once. */
  function watchInflating(): { bytes: number; atOnce: number } {
    const seen = { bytes: 0, atOnce: 0 }
    const watch = (onPiece: (length: number) => void) =>
      new TransformStream<Bytes, Bytes>({
        transform(piece, controller) {
          onPiece(piece.length)
          controller.enqueue(piece)
        }
      })
    const Real = DecompressionStream
    vi.stubGlobal(
      'DecompressionStream',
      class {
        readonly writable: WritableStream
        readonly readable: ReadableStream
        constructor(format: CompressionFormat) {
          const into = watch((length) => (seen.atOnce = Math.max(seen.atOnce, length)))
          this.writable = into.writable
          this.readable = into.readable
            .pipeThrough(new Real(format))
            .pipeThrough(watch((length) => (seen.bytes += length)))
        }
      }
    )
    return seen
  }
})
