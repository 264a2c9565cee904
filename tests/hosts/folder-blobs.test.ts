/** Blobs in a folder: kept once, read lazily, and nothing left of what failed. Ids: FB. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ByteStream } from '#lib/store/blobs.ts'
import { fileFailure } from '../../sync-server/files/file-failure.ts'
import { FolderBlobs } from '../../sync-server/files/folder-blobs.ts'

let folder: string
let now: number
let blobs: FolderBlobs

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-blobs-'))
  now = Date.UTC(2026, 0, 1)
  blobs = await FolderBlobs.open(folder, () => now, { maxBytes: 1_000_000 })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const files = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath.slice(folder.length + 1), entry.name))

/** Pieces one after another; a piece that is an Error ends the stream with it. */
function streamOf(pieces: readonly (Uint8Array<ArrayBuffer> | Error)[], onCancel?: () => void): ByteStream {
  const left = [...pieces]
  return new ReadableStream({
    pull(controller) {
      const piece = left.shift()
      if (piece === undefined) controller.close()
      else if (piece instanceof Error) throw piece
      else controller.enqueue(piece)
    },
    cancel: () => onCancel?.()
  })
}

const code = (name: string) => expect.objectContaining({ code: name }) as unknown
const big = new Uint8Array(randomBytes(700_000))

test('[FB1] a stream and a Blob of the same bytes are one file, named by their SHA-256', async () => {
  const id = createHash('sha256').update(big).digest('hex')
  const streamed = await blobs.put(streamOf([big.slice(0, 5), big.slice(5, 300_000), big.slice(300_000)]))
  const whole = await blobs.put(new Blob([big]))
  expect(streamed).toEqual({ blobId: id, size: big.byteLength })
  expect(whole).toEqual(streamed)
  expect(await files()).toEqual([join(id.slice(0, 2), id.slice(2))])
  const empty = await blobs.put(new Blob([]))
  expect(await (await blobs.get(empty.blobId))?.text()).toBe('')
})

test('[FB2] a blob reads as a Blob does: whole, sliced, sliced again, as text', async () => {
  const { blobId } = await blobs.put(new Blob([big]))
  const blob = (await blobs.get(blobId))!
  const real = new Blob([big])
  expect(blob).toBeInstanceOf(Blob)
  expect(blob.size).toBe(big.byteLength)
  expect(Buffer.from(await blob.arrayBuffer()).equals(big)).toBe(true)
  for (const [from, to] of [
    [0, 10],
    [-10, undefined],
    [100, -100],
    [500_000, 400_000],
    [699_999, 9e9],
    [5, 600_000]
  ] as const) {
    const [ours, theirs] = [blob.slice(from, to, 'text/plain').slice(2, 99), real.slice(from, to).slice(2, 99)]
    expect([from, ours.size, ours.type]).toEqual([from, theirs.size, ''])
    expect(await ours.text()).toBe(await theirs.text())
  }
  expect(await new Response(blob.slice(7, 650_000)).bytes()).toEqual(big.slice(7, 650_000))
  expect(await blobs.get('0'.repeat(64) as typeof blobId)).toBeNull()
})

test('[FB3] what is too large leaves nothing, said or streamed', async () => {
  let cancelled = false
  const endless = streamOf(Array<typeof big>(9).fill(big), () => (cancelled = true))
  await expect(blobs.put(endless)).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
  await expect(blobs.put(new Blob([big, big]))).rejects.toEqual(code('INVALID_PARAMETER_VALUE'))
  expect(cancelled).toBe(true)
  expect(await files()).toEqual([])
})

test('[FB4] a stream that breaks off leaves nothing', async () => {
  await expect(blobs.put(streamOf([big, new Error('aborted')]))).rejects.toEqual(code('BAD_REQUEST'))
  expect(await files()).toEqual([])
})

test('[FB5] old blobs are let go, those put again are not', async () => {
  const old = await blobs.put(new Blob(['old']))
  const again = await blobs.put(new Blob(['again']))
  now += 1000
  await blobs.put(streamOf([new TextEncoder().encode('again')]))
  expect(await blobs.olderThan(now)).toEqual([old.blobId])
  expect(await blobs.delete([old.blobId, again.blobId, '1'.repeat(64) as typeof old.blobId], now)).toBe(3)
  expect(await blobs.get(old.blobId)).toBeNull()
  expect(await (await blobs.get(again.blobId))?.text()).toBe('again')
})

test('[FB6] a reader in the middle of a file is not disturbed when its bytes are put again or deleted', async () => {
  const { blobId } = await blobs.put(new Blob([big]))
  const reader = (await blobs.get(blobId))!.stream().getReader()
  const pieces = [(await reader.read()).value!]
  now += 1000
  await blobs.put(new Blob([big]))
  await blobs.delete([blobId], now + 1)
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    pieces.push(value)
  }
  expect(Buffer.concat(pieces).equals(big)).toBe(true)
})

test('[FB7] many of the same at once are one file; what a dead process left is swept, but not by one that only opens', async () => {
  await Promise.all(Array.from({ length: 20 }, () => blobs.put(new Blob([big]))))
  expect(await files()).toHaveLength(1)
  await writeFile(join(folder, 'incoming', 'half'), 'half')
  const next = await FolderBlobs.open(folder, () => now)
  expect(await files()).toHaveLength(2)
  await next.put(new Blob([big]))
  expect(await files()).toHaveLength(1)
})

test('[FB8] putting and deleting at once: what put promised is there', async () => {
  const texts = Array.from({ length: 100 }, (_, i) => `text ${i}`)
  const putAll = () => Promise.all(texts.map((text) => blobs.put(new Blob([text]))))
  const ids = (await putAll()).map(({ blobId }) => blobId)
  for (let round = 0; round < 10; round++) {
    now += 1000
    const putting = putAll()
    const before = now
    await Promise.all([putting, ...Array.from({ length: 4 }, () => blobs.delete([...ids].reverse(), before))])
    for (const id of ids) expect(await blobs.get(id)).not.toBeNull()
  }
})

test('[FB9] failures of the disk say what to do and name no path', () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write '/home/me/x'"), {
    code: 'ENOSPC',
    syscall: 'write'
  })
  expect(fileFailure(full)).toMatchObject({ code: 'RESOURCE_EXHAUSTED' })
  const broken = fileFailure(
    Object.assign(new Error("EIO: i/o error, open '/home/me/x'"), { code: 'EIO', syscall: 'open' })
  )
  expect(broken).toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
  for (const error of [fileFailure(full), broken]) expect(error.message).not.toContain('/home')
  const ours = new TypeError('a mistake of ours')
  expect(fileFailure(ours)).toBe(ours)
})
