/** What makes a commit last under node:sqlite, with a disk that a test can hold, fail and tear. Ids: NW. */
import { copyFile, mkdtemp, open, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RunnelError } from '#lib/domain/errors.ts'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { createRun } from '#lib/store/runs.ts'
import { Store } from '#lib/store/store.ts'
import { WalJournal } from '../../sync-server/store/wal-journal.ts'
import { MemoryBlobs } from '../support/engines.ts'

/** SQLite's: a log is a header, then frames of a header and a page. https://sqlite.org/fileformat2.html#walformat */
const LOG_HEADER_BYTES = 32
const FRAME_BYTES = 24 + 4096

let folder: string
let file: string
const journals: WalJournal[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-wal-'))
  file = join(folder, 'runnel.db')
})

afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.close()
  await rm(folder, { recursive: true, force: true })
})

/** A disk whose syncs wait, once it is held, until the test lets each of them go or fail. */
class HeldDisk {
  held = false
  readonly begun: { readonly done: () => void; readonly fail: (error: Error) => void }[] = []
  readonly sync = (): Promise<void> =>
    this.held ? new Promise((done, fail) => this.begun.push({ done, fail })) : Promise.resolve()
}

interface Opened {
  readonly store: Store
  /** Pages in the log after the last commit. */
  readonly pages: () => number
  readonly failures: RunnelError[]
}

async function openStore(disk = new HeldDisk(), path = file): Promise<Opened> {
  const failures: RunnelError[] = []
  let pages = 0
  const journal = await WalJournal.open(path, {
    onCommit: (count) => (pages = count),
    onFailure: (error) => failures.push(error),
    sync: disk.sync
  })
  journals.push(journal)
  const store = await Store.open({ engine: journal.engine, journal, blobs: new MemoryBlobs(Date.now) })
  return { store, pages: () => pages, failures }
}

const newRun = (store: Store, name: string) =>
  store.write((tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name }))

const runNames = async (store: Store): Promise<string[]> => {
  const rows = await store.read((r) => r.db.selectFrom('runs').select('name').orderBy('runnel_number').execute())
  return rows.map(({ name }) => name ?? '')
}

const eventually = (met: () => boolean) => expect.poll(met, { interval: 1 }).toBe(true)

test('[NW1] a commit is promised by a sync that began after it, and all that wait share one', async () => {
  const disk = new HeldDisk()
  const { store } = await openStore(disk)
  disk.held = true
  const promised: string[] = []
  const write = (name: string) => newRun(store, name).then(() => promised.push(name))
  const first = write('a')
  await eventually(() => disk.begun.length === 1)
  const others = [write('b'), write('c'), write('d')]
  // They are committed, and readers see them; but the sync that is on its way began before them.
  await eventually(() => promised.length === 0)
  expect(await runNames(store)).toEqual(['a', 'b', 'c', 'd'])
  disk.begun[0]!.done()
  await first
  await eventually(() => disk.begun.length === 2)
  expect(promised).toEqual(['a'])
  disk.begun[1]!.done()
  await Promise.all(others)
  expect(promised).toEqual(['a', 'b', 'c', 'd'])
  expect(disk.begun).toHaveLength(2)
})

test('[NW2] a sync that failed is not tried again: whoever waits hears so, and nothing more is read or written', async () => {
  const disk = new HeldDisk()
  const { store, failures } = await openStore(disk)
  await newRun(store, 'kept')
  disk.held = true
  const lost = [newRun(store, 'a'), newRun(store, 'b')]
  const heard = Promise.allSettled(lost)
  await eventually(() => disk.begun.length === 1)
  disk.begun[0]!.fail(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' }))
  const expected = { code: 'TEMPORARILY_UNAVAILABLE', message: /did not keep .* check the disk/ }
  for (const one of await heard) expect(one).toMatchObject({ status: 'rejected', reason: expected })
  disk.held = false
  await expect(newRun(store, 'c')).rejects.toMatchObject(expected)
  await expect(runNames(store)).rejects.toMatchObject(expected)
  expect(disk.begun).toHaveLength(1)
  expect(failures).toHaveLength(1)
})

test(
  '[NW3] a log torn anywhere after the last promise opens with all that was promised',
  { timeout: 60_000 },
  async () => {
    const disk = new HeldDisk()
    const { store, pages } = await openStore(disk)
    const promised = Array.from({ length: 12 }, (_, i) => `promised ${i}`)
    for (const name of promised) await newRun(store, name)
    const safe = LOG_HEADER_BYTES + pages() * FRAME_BYTES
    disk.held = true
    const onItsWay = Array.from({ length: 8 }, (_, i) => `on its way ${i}`)
    const waiting = Promise.all(onItsWay.map((name) => newRun(store, name)))
    await expect.poll(() => runNames(store)).toHaveLength(promised.length + onItsWay.length)
    const end = LOG_HEADER_BYTES + pages() * FRAME_BYTES
    expect(end).toBeGreaterThan(safe)

    const kept = new Set<number>()
    const tear = async (name: string, harm: (log: string) => Promise<void>) => {
      const copy = join(folder, `${name}.db`)
      await copyFile(file, copy)
      await copyFile(`${file}-wal`, `${copy}-wal`)
      await harm(`${copy}-wal`)
      const names = await runNames((await openStore(new HeldDisk(), copy)).store)
      // What was not promised may be there, but only whole and in order.
      expect(names).toEqual([...promised, ...onItsWay].slice(0, Math.max(names.length, promised.length)))
      kept.add(names.length - promised.length)
    }
    await tear('whole', () => Promise.resolve())
    await tear('cut', (log) => truncate(log, safe))
    for (let i = 0; i < 12; i++) {
      const at = safe + Math.floor(((end - safe) * (i + 0.5)) / 12)
      await tear(`short ${i}`, (log) => truncate(log, at))
      await tear(`flipped ${i}`, (log) => overwrite(log, at, new Uint8Array(64).fill(0xa5)))
      await tear(`garbage ${i}`, (log) => overwrite(log, at, crypto.getRandomValues(new Uint8Array(9000))))
    }
    // The tears did fall between the promises.
    expect(Math.min(...kept)).toBe(0)
    expect(Math.max(...kept)).toBe(onItsWay.length)
    expect(kept.size).toBeGreaterThan(3)
    disk.begun[0]!.done()
    await eventually(() => disk.begun.length === 2)
    disk.begun[1]!.done()
    await waiting
  }
)

async function overwrite(path: string, at: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'r+')
  await handle.write(bytes, 0, bytes.length, at)
  await handle.close()
}
