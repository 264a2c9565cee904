/** Files of experiments that are not what was written: said in words, and nothing of them kept but whole experiments. */
import { describe, expect, test } from 'vitest'
import { RunnelError, type ErrorCode } from '#lib/domain/errors.ts'
import { readFiledRecords } from '#lib/domain/files/facts-entry.ts'
import { MANIFEST_NAME } from '#lib/domain/files/manifest.ts'
import { FILES } from '#lib/domain/limits.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { openZip } from '#lib/domain/zip/zip-reader.ts'
import { ZipWriter } from '#lib/domain/zip/zip-writer.ts'
import { artifactRootPath } from '#lib/domain/artifact.ts'
import { putArtifact } from '#lib/store/artifacts.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { createRun, requireActiveRun } from '#lib/store/runs.ts'
import { dumpStore, openTestStore, type TestStore } from '../support/engines.ts'
import { fileOf, merge } from '../support/filed.ts'

/** Two experiments, each with a run and a file of its own. */
async function filled(): Promise<TestStore> {
  const at = await openTestStore('node:sqlite')
  for (const name of ['one', 'two']) {
    const { blobId, size } = await at.store.blobs.put(new Blob([`a file of ${name}`]))
    await at.store.write(async (tx) => {
      const experimentId = await createExperiment(tx, { name })
      const { runId, artifactUri } = await createRun(tx, { experimentId })
      const run = await requireActiveRun(tx, runId)
      await logSeries(tx, run, new Map([['loss', seriesOf([{ step: 1, timestamp: 1, value: 1 }])]]))
      const path = `${artifactRootPath(artifactUri)}/a.txt`
      await putArtifact(tx, { path, blobId, size, mediaType: 'text/plain', createdTime: 5 })
    })
  }
  return at
}

/** The same entries, but for what `change` makes of one: null leaves it out. */
async function rewritten(
  file: Blob,
  change: (name: string, bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | null
) {
  const zip = new ZipWriter(0)
  const pieces: Uint8Array<ArrayBuffer>[] = []
  for (const [name, entry] of await openZip(file)) {
    const parts: Uint8Array<ArrayBuffer>[] = []
    for await (const piece of entry.read(2 ** 30)) parts.push(piece)
    const bytes = change(name, await new Blob(parts).bytes())
    if (bytes !== null) for await (const piece of zip.addStored(name, new Blob([bytes]))) pieces.push(piece)
  }
  return new Blob([...pieces, ...zip.end()])
}

async function refused(file: Blob, code: ErrorCode, words: RegExp): Promise<void> {
  const at = await openTestStore('node:sqlite')
  const before = await dumpStore(at.store)
  const error: unknown = await merge(at, file).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(RunnelError)
  expect(error).toMatchObject({ code, message: expect.stringMatching(words) as string })
  expect(await dumpStore(at.store)).toEqual(before)
}

/** Bytes without an end, after some. */
async function* endless(first: readonly number[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield await Promise.resolve(Uint8Array.from(first))
  for (;;) yield await Promise.resolve(new Uint8Array(2 ** 20))
}

describe('a file that is none, or not whole', () => {
  test('[FD1] what is no such file is said to be none', async () => {
    for (const file of [new Blob([]), new Blob(['hello']), new Blob(['x'.repeat(100_000)])])
      await refused(file, 'INVALID_PARAMETER_VALUE', /no file of Runnel/)
    const zip = new ZipWriter(0)
    const other: Uint8Array<ArrayBuffer>[] = []
    for await (const piece of zip.addStored('readme.txt', new Blob(['hello']))) other.push(piece)
    await refused(new Blob([...other, ...zip.end()]), 'INVALID_PARAMETER_VALUE', /no file of Runnel/)
  })

  test('[FD2] one of a newer format says to update', async () => {
    const file = await rewritten(await fileOf(await filled()), (name, bytes) =>
      name === MANIFEST_NAME ? new TextEncoder().encode('{"format":99}') : bytes
    )
    await refused(file, 'NOT_IMPLEMENTED', /newer Runnel \(format 99.*update/i)
  })

  test('[FD3] one that was cut off anywhere is said to be, and nothing of it is taken', async () => {
    const file = await fileOf(await filled())
    for (const share of [0.1, 0.5, 0.9, 0.99]) await refused(file.slice(0, file.size * share), 'DATA_LOSS', /damaged/)
  })

  test('[FD4] an experiment whose file has other bytes is left out; the other comes', async () => {
    const file = await rewritten(await fileOf(await filled()), (name, bytes) =>
      new TextDecoder().decode(bytes) === 'a file of one' ? new TextEncoder().encode('b file of one') : bytes
    )
    const at = await openTestStore('node:sqlite')
    const { experiments, failed } = await merge(at, file)
    expect(experiments).toMatchObject([{ name: 'two', newRuns: 1 }])
    expect(failed).toMatchObject([
      { name: 'one', message: expect.stringMatching(/not those that were written/) as string }
    ])
  })

  test('[FD5] one whose facts cannot be read is left out; the other comes', async () => {
    const file = await fileOf(await filled())
    const [facts] = [...(await openZip(file)).keys()].filter((name) => name.startsWith('facts/'))
    for (const change of [
      (bytes: Uint8Array<ArrayBuffer>) => bytes.slice(0, -3),
      (bytes: Uint8Array<ArrayBuffer>) => bytes.map((byte, i) => (i === 60 ? byte ^ 255 : byte)),
      () => new Uint8Array(50).fill(255)
    ]) {
      const at = await openTestStore('node:sqlite')
      const { experiments, failed } = await merge(
        at,
        await rewritten(file, (name, bytes) => (name === facts ? change(bytes) : bytes))
      )
      expect(experiments).toHaveLength(1)
      expect(failed).toHaveLength(1)
    }
  })

  test('[FD6] one without what an experiment says is said to be damaged', async () => {
    const file = await rewritten(await fileOf(await filled()), (name, bytes) =>
      name.startsWith('facts/') ? null : bytes
    )
    await refused(file, 'DATA_LOSS', /missing/)
  })

  test('[FD7] what inflates without end is not read to its end', async () => {
    // A subject of nothing; a length that goes on and on; one that is more than is taken; facts that cannot be read, and more of them.
    const subject = [...new TextEncoder().encode('x5')]
    const writer = [...new TextEncoder().encode('AAAAAAAAAAA')]
    const beginnings = [[0], Array<number>(20).fill(255), [255, 255, 255, 255, 15], [2, ...subject, 11, ...writer, 9]]
    for (const first of beginnings)
      await expect(readFiledRecords(endless(first)).next()).rejects.toMatchObject({ code: 'DATA_LOSS' })
  })

  test('[FD8] a size that is claimed is not believed', async () => {
    const file = await fileOf(await filled())
    const bytes = await file.bytes()
    // The size after inflating of every entry, as the directory has it.
    const view = new DataView(bytes.buffer)
    for (let at = 0; at + 46 < bytes.length; at++)
      if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 0xfffffff0, true)
    await refused(new Blob([bytes]), 'INVALID_PARAMETER_VALUE', new RegExp(`larger than ${FILES.manifestBytes}`))
  })

  test('[FD9] a file larger than this store takes is left, and said', async () => {
    const at = await openTestStore('node:sqlite')
    Object.defineProperty(at.blobs, 'maxBytes', { value: 5 })
    const { experiments } = await merge(at, await fileOf(await filled()))
    expect(experiments).toMatchObject([
      { tooLarge: 1, newRuns: 1 },
      { tooLarge: 1, newRuns: 1 }
    ])
    expect(at.blobs.all()).toEqual([])
  })
})
