import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RunnelError } from '#lib/domain/errors.ts'
import { MemoryRoomLog } from './memory-room-log.ts'
import { nextEpoch, type RoomLog } from './room-log.ts'
import { SqliteRoomLog } from './sqlite-room-log.ts'

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values)
const plain = async (log: RoomLog, room = 'x.1') => {
  const kept = await log.read(room)
  return kept && { ...kept, snapshot: kept.snapshot && [...kept.snapshot], updates: kept.updates.map((u) => [...u]) }
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-relay-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const failures: RunnelError[] = []
const openSqlite = (sync?: (file: number) => Promise<void>): Promise<SqliteRoomLog> =>
  SqliteRoomLog.open({
    file: join(folder, 'sync.db'),
    onFailure: (error) => failures.push(error),
    ...(sync && { sync })
  })

const drivers: Readonly<Record<string, () => Promise<RoomLog>>> = {
  memory: async () => new MemoryRoomLog(),
  'node:sqlite': () => openSqlite()
}

describe.each(Object.entries(drivers))('a log of rooms: %s', (_, open) => {
  let log: RoomLog
  beforeEach(async () => {
    log = await open()
  })
  afterEach(() => log.close())

  test('[RL1] has nothing of a room that was never begun, and takes nothing for it', async () => {
    expect(await log.read('x.1')).toBeNull()
    await expect(log.append('x.1', 1, bytes(1))).rejects.toMatchObject({ code: 'INVALID_STATE' })
    expect(await log.read('x.1')).toBeNull()
  })

  test('[RL2] keeps a room’s updates in the order they came, each with a greater number', async () => {
    await log.begin('x.1', 7, null)
    await log.begin('x.2', 7, bytes(9))
    const seqs = await Promise.all([1, 2, 3].map((n) => log.append('x.1', 7, bytes(n))))
    await log.append('x.2', 7, bytes(4))
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
    expect(new Set(seqs).size).toBe(3)
    expect(seqs[0]).toBeGreaterThan(0)
    expect(await plain(log)).toEqual({ epoch: 7, seq: seqs[2], snapshot: null, updates: [[1], [2], [3]] })
    expect(await plain(log, 'x.2')).toMatchObject({ snapshot: [9], updates: [[4]] })
  })

  test('[RL3] puts a snapshot in the place of the updates it holds, and of no others', async () => {
    await log.begin('x.1', 7, null)
    await log.append('x.1', 7, bytes(1))
    const seq = await log.append('x.1', 7, bytes(2))
    const later = await log.append('x.1', 7, bytes(3))
    await log.compact('x.1', 7, seq, bytes(1, 2))
    expect(await plain(log)).toEqual({ epoch: 7, seq: later, snapshot: [1, 2], updates: [[3]] })
    await log.compact('x.1', 7, later, bytes(1, 2, 3))
    expect(await plain(log)).toMatchObject({ seq: later, snapshot: [1, 2, 3], updates: [] })
    expect(await log.append('x.1', 7, bytes(4))).toBeGreaterThan(later)
  })

  test('[RL4] begins an epoch with nothing of the last, and takes nothing more for that', async () => {
    await log.begin('x.1', 7, null)
    const seq = await log.append('x.1', 7, bytes(1))
    await log.begin('x.1', 8, bytes(5))
    expect(await plain(log)).toMatchObject({ epoch: 8, snapshot: [5], updates: [] })
    await expect(log.append('x.1', 7, bytes(2))).rejects.toMatchObject({ code: 'INVALID_STATE' })
    await log.compact('x.1', 7, seq, bytes(1))
    await expect(log.begin('x.1', 8, null)).rejects.toMatchObject({ code: 'INVALID_STATE' })
    await log.append('x.1', 8, bytes(6))
    expect(await plain(log)).toMatchObject({ epoch: 8, snapshot: [5], updates: [[6]] })
  })

  test('[RL5] refuses one append and keeps those beside it', async () => {
    await log.begin('x.1', 7, null)
    const results = await Promise.allSettled([
      log.append('x.1', 7, bytes(1)),
      log.append('x.1', 6, bytes(2)),
      log.append('x.1', 7, bytes(3))
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await plain(log)).toMatchObject({ updates: [[1], [3]] })
  })

  test('[RL6] forgets a room that was removed, and begins it again', async () => {
    await log.begin('x.1', 7, bytes(1))
    await log.append('x.1', 7, bytes(2))
    await log.remove('x.1')
    expect(await log.read('x.1')).toBeNull()
    await log.begin('x.1', 3, null)
    expect(await plain(log)).toMatchObject({ epoch: 3, updates: [] })
  })

  test('[RL12] reads what was appended before it was asked, and nothing later', async () => {
    await log.begin('x.1', 7, null)
    const [, read] = await Promise.all([log.append('x.1', 7, bytes(1)), plain(log), log.append('x.1', 7, bytes(2))])
    expect(read).toMatchObject({ updates: [[1]] })
    expect(await plain(log)).toMatchObject({ updates: [[1], [2]] })
  })
})

describe('the log in SQLite', () => {
  test('[RL7] has after it was closed what it had before', async () => {
    const log = await openSqlite()
    await log.begin('x.1', 7, bytes(1))
    const seq = await log.append('x.1', 7, bytes(2))
    const before = await plain(log)
    await log.close()
    const again = await openSqlite()
    expect(await plain(again)).toEqual(before)
    expect(await again.append('x.1', 7, bytes(3))).toBeGreaterThan(seq)
    await again.close()
  })

  test('[RL8] syncs once for all that wait, and resolves none before', async () => {
    let syncs = 0
    let release: (() => void) | null = null
    let isHeld = false
    const log = await openSqlite(async () => {
      syncs++
      if (isHeld) await new Promise<void>((resolve) => (release = resolve))
    })
    await log.begin('x.1', 7, null)
    isHeld = true
    syncs = 0
    let kept = 0
    const appends = Array.from({ length: 200 }, (_, i) => log.append('x.1', 7, bytes(i)).then(() => kept++))
    await vi.waitFor(() => expect(syncs).toBe(1))
    expect(kept).toBe(0)
    isHeld = false
    release!()
    await Promise.all(appends)
    expect([kept, syncs]).toEqual([200, 1])
    await log.close()
  })

  test('[RL9] resolves nothing once a sync has failed, and says so once', async () => {
    failures.length = 0
    let works = true
    const log = await openSqlite(async () => {
      if (!works) throw new Error('gone')
    })
    await log.begin('x.1', 7, null)
    works = false
    const results = await Promise.allSettled([log.append('x.1', 7, bytes(1)), log.append('x.1', 7, bytes(2))])
    works = true
    results.push(...(await Promise.allSettled([log.append('x.1', 7, bytes(3))])))
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(failures).toHaveLength(1)
    await log.close()
  })

  test('[RL13] reads one room while another is written to without a pause', async () => {
    let isSteady = false
    let syncs = 0
    const log = await openSqlite(async () => {
      syncs++
      // Whenever something has become durable, the next waits already.
      if (isSteady) void log.append('x.1', 7, bytes(syncs % 256)).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 2))
    })
    await log.begin('x.1', 7, null)
    await log.begin('x.2', 7, bytes(5))
    isSteady = true
    await log.append('x.1', 7, bytes(1))
    const before = syncs
    try {
      const read = plain(log, 'x.2')
      await expect(Promise.race([read, new Promise((end) => setTimeout(end, 2000))])).resolves.toMatchObject({
        snapshot: [5]
      })
      expect(syncs - before).toBeLessThan(5)
    } finally {
      isSteady = false
      await log.close()
    }
  })

  test('[RL10] is one process’s alone', async () => {
    const log = await openSqlite()
    await expect(openSqlite()).rejects.toMatchObject({ code: 'INVALID_STATE' })
    await log.close()
    await (await openSqlite()).close()
  })
})

test('[RL11] an epoch is greater than the last, and than those of a log that was lost', () => {
  expect(nextEpoch(0, 1_700_000_000_999)).toBe(1_700_000_000)
  expect(nextEpoch(1_700_000_000, 1_700_000_000_999)).toBe(1_700_000_001)
  expect(nextEpoch(1_800_000_000, 1_700_000_000_000)).toBe(1_800_000_001)
})
