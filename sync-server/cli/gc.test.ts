import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseExperimentId, type ExperimentId, type RunId } from '#lib/domain/ids.ts'
import { createExperiment, deleteExperiment } from '#lib/store/experiments.ts'
import { createRun, deleteRun } from '#lib/store/runs.ts'
import { deletedExperimentsOlderThan, deletedRunsOlderThan } from '#lib/store/trash.ts'
import type { NodeStore } from '../store/open-store.ts'
import { openStore } from '../store/store-place.ts'
import { runProgram } from './program.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-gc-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const withStore = async <T>(
  work: (opened: NodeStore) => Promise<T>,
  artifactRoot: string | null = null
): Promise<T> => {
  const opened = await openStore(
    { databaseFile: join(folder, 'runnel.db'), artifactFolder: join(folder, 'artifacts'), artifactRoot },
    (reason) => console.error(reason)
  )
  try {
    return await work(opened)
  } finally {
    await opened.close()
  }
}

interface Trash {
  readonly kept: RunId
  readonly runs: readonly [RunId, RunId]
  readonly experiment: ExperimentId
}

/** One run that stays, two in the trash, and an experiment in the trash with a run of its own. */
const fill = (): Promise<Trash> =>
  withStore(({ store }) =>
    store.write(async (tx) => {
      const newRun = async (experimentId: ExperimentId): Promise<RunId> =>
        (await createRun(tx, { experimentId, startTime: 1, tags: [] })).runId
      const home = parseExperimentId('0')
      const kept = await newRun(home)
      const runs = [await newRun(home), await newRun(home)] as const
      for (const run of runs) await deleteRun(tx, run)
      const experiment = await createExperiment(tx, { name: 'old', artifactLocation: '', tags: [] })
      await newRun(experiment)
      await deleteExperiment(tx, experiment)
      return { kept, runs, experiment }
    })
  )

const left = () =>
  withStore(({ store }) =>
    store.read(async (r) => ({
      runs: await deletedRunsOlderThan(r, Number.MAX_SAFE_INTEGER),
      experiments: await deletedExperimentsOlderThan(r, Number.MAX_SAFE_INTEGER)
    }))
  )

const gc = async (...words: string[]): Promise<{ code: number; out: string; err: string }> => {
  let out = ''
  let err = ''
  const code = await runProgram(['gc', '--data', folder, ...words], {
    env: {},
    cwd: folder,
    out: (text) => (out += text),
    err: (text) => (err += text),
    columns: null,
    isWatched: false
  })
  return { code, out, err }
}

it('[CL20] empties the trash, and says what was in it', async () => {
  const { runs, experiment } = await fill()
  const { code, out } = await gc()
  expect(code).toBe(0)
  for (const run of runs) expect(out).toContain(`Run with ID ${run} has been permanently deleted.\n`)
  expect(out).toContain(`Experiment with ID ${experiment} has been permanently deleted.\n`)
  expect(await left()).toEqual({ runs: [], experiments: [] })
  expect(await gc()).toEqual({ code: 0, out: '', err: 'There is nothing to delete.\n' })
})

it('[CL21] a list of runs takes these runs and nothing of another kind', async () => {
  const { runs, experiment } = await fill()
  expect((await gc('--run-ids', runs[0])).code).toBe(0)
  const after = await left()
  expect(after.runs).toContain(runs[1])
  expect(after.runs).not.toContain(runs[0])
  expect(after.experiments).toEqual([experiment])
  expect((await gc('--experiment-ids', experiment)).code).toBe(0)
  expect(await left()).toEqual({ runs: [runs[1]], experiments: [] })
})

it('[CL22] --dry-run deletes nothing', async () => {
  const { runs } = await fill()
  const before = await left()
  const { out } = await gc('--dry-run')
  expect(out).toContain(`Run with ID ${runs[0]} would be permanently deleted.\n`)
  expect(JSON.parse((await gc('--dry-run', '--json')).out)).toMatchObject({ dry_run: true, run_ids: before.runs })
  expect(await left()).toEqual(before)
})

it('[CL23] what is not in the trash, or not long enough, is refused with all that was named', async () => {
  const { kept, runs, experiment } = await fill()
  const before = await left()
  const active = await gc('--run-ids', `${runs[0]},${kept}`)
  expect([active.code, active.err]).toEqual([
    1,
    `Run ${kept} is not in \`deleted\` lifecycle stage. Only runs in \`deleted\` lifecycle stage can be deleted.\n`
  ])
  const young = await gc('--experiment-ids', experiment, '--older-than', '1d2h3.5m4s')
  expect([young.code, young.err]).toEqual([
    1,
    `Experiment ${experiment} is not older than the required age. Only experiments older than 1d2h3.5m4s can be deleted.\n`
  ])
  expect((await gc('--older-than', '1h')).err).toBe('There is nothing to delete.\n')
  expect(await left()).toEqual(before)
})

it.each(['', '1', '1x', '1h2d', '-1d', '.d', '1.2.3d', 'd'])('[CL24] refuses an age of "%s"', async (age) => {
  const { code, err } = await gc(`--older-than=${age}`)
  expect([code, err]).toEqual([2, expect.stringContaining('--older-than must be such as') as unknown])
})

it('[CL25] makes no store where there is none', async () => {
  expect((await gc()).code).toBe(1)
  expect(await readdir(folder)).toEqual([])
})

it('[CL26] files that clients wrote to their own folder go with their runs when gc is told the folder, and no others', async () => {
  const root = join(folder, 'mine')
  const { kept, gone } = await withStore(
    ({ store }) =>
      store.write(async (tx) => {
        const experimentId = await createExperiment(tx, { name: 'local', artifactLocation: '', tags: [] })
        const run = () => createRun(tx, { experimentId, startTime: 1, tags: [] })
        const [kept, gone] = [await run(), await run()]
        await deleteRun(tx, gone.runId)
        return { kept, gone }
      }),
    root
  )
  for (const { artifactUri } of [kept, gone]) {
    await mkdir(artifactUri, { recursive: true })
    await writeFile(join(artifactUri, 'a.txt'), 'a')
  }
  expect((await gc('--dry-run', '--default-artifact-root', root)).code).toBe(0)
  expect(existsSync(gone.artifactUri)).toBe(true)
  expect((await gc('--default-artifact-root', root)).code).toBe(0)
  expect([existsSync(kept.artifactUri), existsSync(gone.artifactUri)]).toEqual([true, false])
})
