/**
 * A process with a store, to be killed: `store-child.ts FILE hold` opens it and waits; `store-child.ts FILE log ROUND` logs run after
 * run on four lines at once, and prints each run's name once its promise has resolved. `open` is printed first.
 */
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { createRun } from '#lib/store/runs.ts'
import { openNodeStore } from '../../sync-server/store/open-store.ts'
import { FolderBlobs } from '../../sync-server/files/folder-blobs.ts'

const LINES = 4
/** Enough that checkpoints happen while the child is killed. */
const POINTS = 200

const [databaseFile, mode, round] = process.argv.slice(2)

const { store, announce } = await openNodeStore({
  databaseFile: databaseFile!,
  blobs: await FolderBlobs.open(`${databaseFile!}-blobs`, Date.now),
  onFailure: (error) => {
    throw error
  }
})
announce('http://127.0.0.1:5000')
// A write to a pipe is done when it returns: a name that was printed was promised.
process.stdout.write('open\n')
if (mode === 'hold') setInterval(() => undefined, 1000)
else await Promise.all(Array.from({ length: LINES }, (_, line) => logForEver(line)))

async function logForEver(line: number): Promise<never> {
  for (let i = 0; ; i++) {
    const name = `${round}-${line}-${i}`
    const steps = Float64Array.from({ length: POINTS }, (_, step) => step)
    await store.write(async (tx) => {
      const run = await createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name })
      await logSeries(tx, run, new Map([['loss', { steps, timestamps: steps, values: steps }]]))
    })
    process.stdout.write(`${name}\n`)
  }
}
