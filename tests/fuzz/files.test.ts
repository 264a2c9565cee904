/**
 * Files of experiments that nobody wrote: bent, cut, overwritten. Whatever the bytes are, merging them ends soon, and takes whole experiments
 * or says why not, as a RunnelError.
 *
 * `FUZZ_SEED=N` repeats a run, `FUZZ_SECONDS=N` lengthens it.
 */
import { expect, test } from 'vitest'
import { RunnelError } from '#lib/domain/errors.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { openZip } from '#lib/domain/zip/zip-reader.ts'
import { ZipWriter } from '#lib/domain/zip/zip-writer.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { logParams } from '#lib/store/params.ts'
import { createRun, requireActiveRun } from '#lib/store/runs.ts'
import { openTestStore, type TestStore } from '../support/engines.ts'
import { fileOf, merge } from '../support/filed.ts'
import { seeded, type Random } from './bend.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const seconds = Number(process.env['FUZZ_SECONDS'] ?? 5)

type Bytes = Uint8Array<ArrayBuffer>

async function filled(): Promise<TestStore> {
  const at = await openTestStore('node:sqlite')
  for (const name of ['one', 'two'])
    await at.store.write(async (tx) => {
      const experimentId = await createExperiment(tx, { name })
      const run = await requireActiveRun(tx, (await createRun(tx, { experimentId })).runId)
      await logParams(tx, run, [{ key: 'lr', value: '0.1' }])
      await logSeries(tx, run, new Map([['loss', seriesOf([{ step: 1, timestamp: 1, value: 1 }])]]))
      const many = Array.from({ length: 2000 }, (_, i) => ({ step: i, timestamp: i, value: i }))
      await logSeries(tx, run, new Map([['long', seriesOf(many)]]))
    })
  return at
}

function bend(bytes: Bytes, random: Random): Bytes {
  const bent = bytes.slice()
  switch (random.integer(4)) {
    case 0:
      return bent.slice(0, random.integer(bent.length))
    case 1:
      bent.copyWithin(random.integer(bent.length), random.integer(bent.length), random.integer(bent.length))
      return bent
    default:
      for (let i = 0; i <= random.integer(4); i++) bent[random.integer(bent.length)] = random.integer(256)
      return bent
  }
}

/** One entry bent, and the file written anew around it, so that its checksums are right. */
async function bentInside(file: Blob, random: Random): Promise<Blob> {
  const entries = await openZip(file)
  const target = random.pick([...entries.keys()])
  const zip = new ZipWriter(0)
  const pieces: Bytes[] = []
  for (const [name, entry] of entries) {
    const parts: Bytes[] = []
    for await (const piece of entry.read(2 ** 30)) parts.push(piece)
    const bytes = await new Blob(parts).bytes()
    const kept = new Blob([name === target ? bend(bytes, random) : bytes])
    for await (const piece of zip.addStored(name, kept)) pieces.push(piece)
  }
  return new Blob([...pieces, ...zip.end()])
}

test(
  `[FIF1] are taken in part or refused (FUZZ_SEED=${seed} FUZZ_SECONDS=${seconds})`,
  { timeout: seconds * 1000 + 60_000 },
  async () => {
    const random = seeded(seed)
    const file = await fileOf(await filled())
    const bytes = await file.bytes()
    const to = await openTestStore('node:sqlite')
    const tally = { tried: 0, refused: 0, partly: 0 }
    const ends = performance.now() + seconds * 1000
    while (performance.now() < ends) {
      tally.tried++
      const bent = random.integer(2) === 0 ? new Blob([bend(bytes, random)]) : await bentInside(file, random)
      const outcome = await merge(to, bent).catch((error: unknown) => {
        expect(error).toBeInstanceOf(RunnelError)
        expect((error as RunnelError).code).not.toBe('INTERNAL_ERROR')
        return null
      })
      if (outcome === null) tally.refused++
      else if (outcome.failed.length > 0) tally.partly++
    }
    console.info(`files fuzz: ${tally.tried} bent files, ${tally.refused} refused, ${tally.partly} taken in part`)
    expect(tally.refused).toBeGreaterThan(0)
    expect(tally.partly).toBeGreaterThan(0)
    expect((await merge(to, file)).failed).toEqual([])
  }
)
