import { describe, expect, it, vi } from 'vitest'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { BULK } from '#lib/domain/limits.ts'
import type { Commands } from '#lib/live/protocol.ts'
import type { ToastInput, Toasts } from '../shared/toasts.svelte.ts'
import { Bulk } from './bulk.svelte.ts'

const runs = (count: number): RunId[] => Array.from({ length: count }, (_, at) => `r${at}` as RunId)

function setUp(commands: Partial<Commands>) {
  const said: ToastInput[] = []
  const toasts = {
    show: (input: ToastInput) => void said.push(input),
    fail: (what: string, error: unknown) =>
      void said.push({ message: `${what} ${(error as Error).message}`, kind: 'failed' })
  } as unknown as Toasts
  return { said, bulk: new Bulk(commands as Commands, toasts) }
}

/** A trash that turns down the call of a number, counted from 1. */
function trash(failing = 0) {
  const gone = new Set<RunId>()
  const sizes: number[] = []
  return {
    gone,
    sizes,
    commands: {
      deleteRuns: vi.fn((ids: readonly RunId[]) => {
        sizes.push(ids.length)
        if (sizes.length === failing) return Promise.reject(new Error('The disk is full.'))
        for (const id of ids) gone.add(id)
        return Promise.resolve(ids)
      }),
      restoreRuns: vi.fn((ids: readonly RunId[]) => {
        for (const id of ids) gone.delete(id)
        return Promise.resolve(ids)
      })
    }
  }
}

describe('many runs at once', () => {
  it('[BK1] goes in parts, says once what was done, and takes all of it back', async () => {
    const { gone, sizes, commands } = trash()
    const { said, bulk } = setUp(commands)
    const all = runs(BULK.chunkRuns * 2 + 1)
    expect(await bulk.trash(all)).toEqual(all)
    expect(sizes).toEqual([BULK.chunkRuns, BULK.chunkRuns, 1])
    expect(said.map((toast) => toast.message)).toEqual(['Moved 1,001 runs to trash.'])
    await said[0]!.undo!()
    expect(gone.size).toBe(0)
    expect(bulk.job).toBeNull()
  })

  it('[BK2] a part that fails leaves the parts before it, says how far it came, and they can be undone', async () => {
    const { gone, commands } = trash(2)
    const { said, bulk } = setUp(commands)
    expect(await bulk.trash(runs(BULK.chunkRuns + 1))).toHaveLength(BULK.chunkRuns)
    expect(said).toMatchObject([
      {
        kind: 'failed',
        message: 'Moved 500 runs to trash. It went wrong after 500 of 501: The disk is full.'
      }
    ])
    await said[0]!.undo!()
    expect(gone.size).toBe(0)
  })

  it('[BK3] the first part failing is nothing done', async () => {
    const { said, bulk } = setUp(trash(1).commands)
    expect(await bulk.trash(runs(3))).toEqual([])
    expect(said).toEqual([{ message: 'Nothing was moved to trash. The disk is full.', kind: 'failed' }])
  })

  it('[BK4] stopping ends it after the part that is under way', async () => {
    const { commands } = trash()
    const { said, bulk } = setUp({
      ...commands,
      deleteRuns: (ids) => {
        bulk.job?.stop()
        return commands.deleteRuns(ids)
      }
    })
    await bulk.trash(runs(BULK.chunkRuns * 3))
    expect(said[0]!.message).toBe('Moved 500 runs to trash. Stopped after 500 of 1,500.')
  })

  it('[BK5] an undo that fails says how much of it was done', async () => {
    const { commands } = trash()
    let calls = 0
    const { said, bulk } = setUp({
      ...commands,
      restoreRuns: (ids) => (++calls === 2 ? Promise.reject(new Error('No.')) : Promise.resolve(ids))
    })
    await bulk.trash(runs(BULK.chunkRuns * 2))
    await expect(said[0]!.undo!()).rejects.toThrow('500 of 1,000 were. No.')
  })

  it('[BK6] a second thing waits for the first', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly RunId[]>()
    const restoreRuns = vi.fn((ids: readonly RunId[]) => Promise.resolve(ids))
    const { bulk } = setUp({ deleteRuns: () => promise, restoreRuns })
    const first = bulk.trash(runs(1))
    const second = bulk.restore(runs(1))
    await Promise.resolve()
    expect(restoreRuns).not.toHaveBeenCalled()
    resolve(runs(1))
    await Promise.all([first, second])
    expect(restoreRuns).toHaveBeenCalledOnce()
  })

  it('[BK7] a move takes the runs below along', async () => {
    const moveRuns = vi.fn((ids: readonly RunId[]) =>
      Promise.resolve(ids.map((runId) => ({ runId, experimentId: '1' as ExperimentId, number: 1 })))
    )
    const { said, bulk } = setUp({ withDescendants: () => Promise.resolve(runs(3)), moveRuns })
    expect(await bulk.move(runs(1), { experimentId: '2' as ExperimentId, name: 'wine' })).toEqual(runs(3))
    expect(moveRuns).toHaveBeenCalledWith(runs(3), '2')
    expect(said[0]!.message).toBe('Moved 3 runs to “wine”.')
  })
})
