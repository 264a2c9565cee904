import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { artifactRootPath } from '#lib/domain/artifact.ts'
import { DEFAULT_EXPERIMENT_ID, newRunId, type BlobId, type ExperimentId, type RunId } from '#lib/domain/ids.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { dumpStore, openTestStore } from '../../../tests/support/engines.ts'
import { findArtifact, putArtifact } from './artifacts.ts'
import type { Change } from './changes.ts'
import { logInputs } from './datasets.ts'
import { createExperiment, deleteExperiment } from './experiments.ts'
import { experimentKeys } from './keys.ts'
import { createLoggedModel, getLoggedModel } from './logged-models.ts'
import { logPoints } from './metrics.ts'
import { logModelMetrics } from './model-metrics.ts'
import { logParams } from './params.ts'
import { moveRuns, moveRunsBack, withDescendants } from './run-moves.ts'
import { createRun, deleteRun, getRun, getRunInfo, requireActiveRun } from './runs.ts'
import type { Store } from './store.ts'
import { setRunTags } from './tags.ts'
import { allInTrash, purge } from './trash.ts'

const dataset = (name: string) => ({
  dataset: { name, digest: 'd', sourceType: 's', source: 'x', schema: null, profile: null },
  tags: []
})

const experimentOf = (store: Store, name: string): Promise<ExperimentId> =>
  store.write((tx) => createExperiment(tx, { name }))

/** A run with one of everything, its keys and dataset named after `word`. */
const fullRun = (store: Store, experimentId: ExperimentId, word: string, parent?: RunId): Promise<RunId> =>
  store.write(async (tx) => {
    const tags = parent ? [{ key: TAGS.parentRunId, value: parent }] : []
    const run = await createRun(tx, { experimentId, runId: newRunId(), name: word, tags })
    await logParams(tx, run, [{ key: `p-${word}`, value: '1' }])
    await logPoints(tx, run, [{ key: `m-${word}`, step: 0, timestamp: 1, value: 1 }])
    await setRunTags(tx, run, [{ key: `t-${word}`, value: '1' }])
    await logInputs(tx, run, [dataset(word)])
    return run.runId
  })

describe('moving runs', () => {
  test('[MV1] a moved run has a new number, its keys and dataset are known there, and its values are as they were', async () => {
    const { store } = await openTestStore('node:sqlite')
    const [from, to] = [await experimentOf(store, 'from'), await experimentOf(store, 'to')]
    const [a, b] = [await fullRun(store, from, 'a'), await fullRun(store, from, 'b')]
    await fullRun(store, to, 'there')
    const before = await store.read((r) => getRun(r, b))
    expect(await store.write((tx) => moveRuns(tx, [b, a, b], to))).toEqual([
      { runId: a, experimentId: from, number: 1 },
      { runId: b, experimentId: from, number: 2 }
    ])
    const after = await store.read((r) => getRun(r, b))
    expect(after).toEqual({ ...before, info: { ...before.info, experimentId: to, number: 3 } })
    expect(await store.read((r) => experimentKeys(r, from))).toEqual({ params: [], metrics: [], tags: [] })
    expect((await store.read((r) => experimentKeys(r, to))).params).toEqual(['p-a', 'p-b', 'p-there'])
    expect((await dumpStore(store))['datasets']).toHaveLength(3)
  })

  test('[MV2] a key that was forgotten is known again when it is logged again', async () => {
    const { store } = await openTestStore('node:sqlite')
    const [from, to] = [await experimentOf(store, 'from'), await experimentOf(store, 'to')]
    const run = await fullRun(store, from, 'a')
    await store.write((tx) => moveRuns(tx, [run], to))
    await fullRun(store, from, 'a')
    expect((await store.read((r) => experimentKeys(r, from))).metrics).toEqual(['m-a'])
  })

  test('[MV3] models a run made go with it, and what it measured of others says where it is; a model of another experiment stays', async () => {
    const { store } = await openTestStore('node:sqlite')
    const [from, to] = [await experimentOf(store, 'from'), await experimentOf(store, 'to')]
    const runId = await fullRun(store, from, 'a')
    const [made, other] = await store.write(async (tx) => {
      const made = await createLoggedModel(tx, {
        experimentId: from,
        sourceRunId: runId,
        params: [{ key: 'depth', value: '4' }]
      })
      const other = await createLoggedModel(tx, { experimentId: from })
      const point = { key: 'acc', step: 0, timestamp: 1, value: 1 }
      await logModelMetrics(tx, await requireActiveRun(tx, runId), [
        { ...point, modelId: made.modelId },
        { ...point, modelId: other.modelId }
      ])
      return [made.modelId, other.modelId]
    })
    await store.write((tx) => moveRuns(tx, [runId], to))
    expect((await store.read((r) => getLoggedModel(r, made))).experimentId).toBe(to)
    expect((await store.read((r) => getLoggedModel(r, other))).experimentId).toBe(from)
    const dump = await dumpStore(store)
    const naming = (table: string, id: ExperimentId) =>
      dump[table]!.filter((row) => String(row).includes(`"experiment_id":${id},`)).length
    expect(naming('logged_model_params', to)).toBe(1)
    expect(naming('logged_model_metrics', to)).toBe(2)
  })

  test('[MV4] the artifacts stay where they were, and outlive the experiment they lie below', async () => {
    const { store } = await openTestStore('node:sqlite')
    const [from, to] = [await experimentOf(store, 'from'), await experimentOf(store, 'to')]
    const [moved, left] = [await fullRun(store, from, 'a'), await fullRun(store, from, 'b')]
    const file = async (runId: RunId) => {
      const { artifactUri } = await store.read((r) => getRunInfo(r, runId))
      return `${artifactRootPath(artifactUri)}/f`
    }
    const put = async (runId: RunId) => {
      const path = await file(runId)
      await store.write((tx) =>
        putArtifact(tx, { path, blobId: 'b' as BlobId, size: 1, mediaType: 'text/plain', createdTime: 0 })
      )
    }
    await put(moved)
    await put(left)
    await store.write((tx) => moveRuns(tx, [moved], to))
    await store.write((tx) => deleteExperiment(tx, from))
    await store.write(async (tx) => purge(tx, await allInTrash(tx)))
    const there = async (runId: RunId, path: string) => (await store.read((r) => findArtifact(r, path))) !== null
    expect(await there(moved, await file(moved))).toBe(true)
    expect(await there(left, `${from}/${left}/artifacts/f`)).toBe(false)
    await store.write((tx) => deleteRun(tx, moved))
    const path = await file(moved)
    await store.write(async (tx) => purge(tx, await allInTrash(tx)))
    expect(await there(moved, path)).toBe(false)
  })

  test('[MV5] both experiments are told', async () => {
    const { store } = await openTestStore('node:sqlite')
    const [from, to] = [await experimentOf(store, 'from'), await experimentOf(store, 'to')]
    const run = await fullRun(store, from, 'a')
    const heard: Change[] = []
    store.changes.subscribe((change) => heard.push(change))
    await store.write((tx) => moveRuns(tx, [run], to))
    expect(heard).toHaveLength(1)
    expect([...heard[0]!.experiments].sort()).toEqual([from, to].sort())
    expect([...heard[0]!.kinds].sort()).toEqual(['dataset', 'key', 'logged-model', 'run'])
  })

  test('[MV6] nothing moves when a run is absent, or where nothing may be made', async () => {
    const { store } = await openTestStore('node:sqlite')
    const [from, to] = [await experimentOf(store, 'from'), await experimentOf(store, 'to')]
    const run = await fullRun(store, from, 'a')
    const before = await dumpStore(store)
    await expect(store.write((tx) => moveRuns(tx, [run, newRunId()], to))).rejects.toMatchObject({
      code: 'RESOURCE_DOES_NOT_EXIST'
    })
    expect(await dumpStore(store)).toEqual(before)
    await store.write((tx) => deleteExperiment(tx, to))
    await expect(store.write((tx) => moveRuns(tx, [run], to))).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE'
    })
  })

  test('[MV7] descendants are found at any depth, in the same experiment, each once, in a circle too', async () => {
    const { store } = await openTestStore('node:sqlite')
    const other = await experimentOf(store, 'other')
    const parent = await fullRun(store, DEFAULT_EXPERIMENT_ID, 'parent')
    const child = await fullRun(store, DEFAULT_EXPERIMENT_ID, 'child', parent)
    const grandchild = await fullRun(store, DEFAULT_EXPERIMENT_ID, 'grandchild', child)
    await fullRun(store, other, 'elsewhere', parent)
    await store.write(async (tx) =>
      setRunTags(tx, await requireActiveRun(tx, parent), [{ key: TAGS.parentRunId, value: grandchild }])
    )
    expect(await store.read((r) => withDescendants(r, [parent, child]))).toEqual([parent, child, grandchild])
  })

  test('[MV8] a number that was taken meanwhile is not had twice', async () => {
    const { store } = await openTestStore('node:sqlite')
    const [from, to] = [await experimentOf(store, 'from'), await experimentOf(store, 'to')]
    const [a, b] = [await fullRun(store, from, 'a'), await fullRun(store, from, 'b')]
    await store.write((tx) => moveRuns(tx, [a], to))
    await store.write((tx) => moveRunsBack(tx, [{ runId: a, experimentId: from, number: 2 }]))
    expect((await store.read((r) => getRunInfo(r, a))).number).toBe(3)
    expect((await store.read((r) => getRunInfo(r, b))).number).toBe(2)
  })
})

// ── against a plain model ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface ModelRun {
  experiment: number
  number: number
  readonly word: string
}

/** What a store of three experiments must say after any history of runs made and moved: numbers, keys and datasets, and nothing else. */
class Model {
  readonly runs = new Map<RunId, ModelRun>()
  readonly made = [0, 0, 0]

  create(id: RunId, experiment: number, word: string): void {
    this.runs.set(id, { experiment, number: ++this.made[experiment]!, word })
  }

  move(ids: readonly RunId[], to: number): void {
    const moving = [...new Set(ids)]
      .map((id) => this.runs.get(id)!)
      .filter((run) => run.experiment !== to)
      .sort((a, b) => a.experiment - b.experiment || a.number - b.number)
    for (const run of moving) Object.assign(run, { experiment: to, number: ++this.made[to]! })
  }

  words(experiment: number): string[] {
    const of = [...this.runs.values()].filter((run) => run.experiment === experiment)
    return [...new Set(of.map((run) => run.word))].sort()
  }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), at: fc.nat(2), word: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ kind: fc.constant('move' as const), which: fc.array(fc.nat(20), { maxLength: 6 }), to: fc.nat(2) })
)

test('[MV9] after any history of moves the store says what a plain model says, and undoing the last one restores every row', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const { store } = await openTestStore('node:sqlite')
      const model = new Model()
      // By id, as moves of several experiments at once go in that order.
      const experiments: ExperimentId[] = []
      for (const name of ['x', 'y', 'z']) experiments.push(await experimentOf(store, name))
      experiments.sort((a, b) => Number(a) - Number(b))
      for (const each of steps) {
        const ids = [...model.runs.keys()]
        if (each.kind === 'create') {
          const id = await fullRun(store, experiments[each.at]!, each.word)
          model.create(id, each.at, each.word)
        } else if (ids.length > 0) {
          const chosen = each.which.map((at) => ids[at % ids.length]!)
          const before = await dumpStore(store)
          const moved = await store.write((tx) => moveRuns(tx, chosen, experiments[each.to]!))
          await store.write((tx) => moveRunsBack(tx, moved))
          expect(withoutNames(await dumpStore(store))).toEqual(withoutNames(before))
          // What was undone counts among the numbers given out.
          model.made[each.to]! += moved.length
          await store.write((tx) => moveRuns(tx, chosen, experiments[each.to]!))
          model.move(chosen, each.to)
        }
      }
      for (const [id, run] of model.runs) {
        const info = await store.read((r) => getRunInfo(r, id))
        expect([info.experimentId, info.number]).toEqual([experiments[run.experiment], run.number])
        expect((await store.read((r) => getRun(r, id))).datasets.map((input) => input.dataset.name)).toEqual([run.word])
      }
      for (const [at, id] of experiments.entries()) {
        const { params } = await store.read((r) => experimentKeys(r, id))
        expect(params).toEqual(model.words(at).map((word) => `p-${word}`))
        expect(await datasetNames(store, id)).toEqual(model.words(at))
      }
    }),
    { numRuns: 60 }
  )
})

const datasetNames = (store: Store, id: ExperimentId): Promise<string[]> =>
  store.read(async (r) => {
    const rows = await r.db
      .selectFrom('datasets')
      .select('name')
      .where('experiment_id', '=', Number(id))
      .orderBy('name')
      .execute()
    return rows.map((row) => row.name)
  })

/** A dataset that came back has another id, which nobody sees; and numbers once given out are not given out again. */
function withoutNames(dump: Record<string, unknown[]>): Record<string, unknown[]> {
  const plain = (row: unknown): string =>
    String(row)
      .replace(/"dataset_uuid":"[^"]*"/, '"dataset_uuid":""')
      .replace(/"source_id":"[^"]*"/, '"source_id":""')
      .replace(/"runnel_runs_made":\d+/, '"runnel_runs_made":0')
  return Object.fromEntries(Object.entries(dump).map(([table, rows]) => [table, rows.map(plain).sort()]))
}
