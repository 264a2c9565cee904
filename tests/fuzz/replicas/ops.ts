/** What people and programs do to a store: all of it may be refused, as it would be on that store alone. */
import { RunnelError } from '#lib/domain/errors.ts'
import { DEFAULT_EXPERIMENT_ID, type ExperimentId, type ModelId, type RunId } from '#lib/domain/ids.ts'
import { seriesOf } from '#lib/domain/series.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { RUN_STATUSES } from '#lib/domain/run.ts'
import { artifactRootPath } from '#lib/domain/artifact.ts'
import { deleteArtifacts, putArtifact } from '#lib/store/artifacts.ts'
import { addComment, commentsOf, deleteComment, editComment } from '#lib/store/comments.ts'
import type { Tx } from '#lib/store/database.ts'
import { logInputs } from '#lib/store/datasets.ts'
import {
  deleteExperiment,
  deleteExperimentTag,
  getExperiment,
  renameExperiment,
  restoreExperiment,
  setExperimentTag
} from '#lib/store/experiments.ts'
import {
  createLoggedModel,
  deleteLoggedModel,
  finalizeLoggedModel,
  logLoggedModelParams,
  setLoggedModelTags
} from '#lib/store/logged-models.ts'
import { logModelInputs, logModelOutputs } from '#lib/store/model-edges.ts'
import { logModelMetrics } from '#lib/store/model-metrics.ts'
import { logPoints, logSeries } from '#lib/store/metrics.ts'
import { logParams } from '#lib/store/params.ts'
import { moveRuns } from '#lib/store/run-moves.ts'
import { createRun, deleteRun, requireActiveRun, restoreRun, updateRun } from '#lib/store/runs.ts'
import { sealRuns } from '#lib/store/seal.ts'
import { deleteRunTag, setRunTags } from '#lib/store/tags.ts'
import { purgeModelsNow, purgeRunsNow } from '#lib/store/trash.ts'
import { listRooms } from '#lib/store/sync/rooms.ts'
import { REGISTRY } from '#lib/domain/sync/subject.ts'
import type { Random } from '../bend.ts'
import type { Peer } from './peer.ts'
import { nextRegistryOp } from './registry-ops.ts'

const KEYS = ['a', 'b', 'c']
const SPECIAL = [NaN, Infinity, -Infinity, -0, 0, 1e300]

interface Scene {
  readonly peer: Peer
  readonly random: Random
  /** One of those that are shared, and the others: that which is not shared among them. */
  readonly experiment: ExperimentId
  readonly elsewhere: readonly ExperimentId[]
  /** In it, and in that which is not shared. */
  readonly runs: readonly RunId[]
  readonly models: readonly ModelId[]
}

type Op = (scene: Scene) => Promise<unknown>

const write = ({ peer }: Scene, fn: (tx: Tx) => Promise<unknown>) => peer.store.write(fn)

const onRun =
  (fn: (tx: Tx, scene: Scene, run: Awaited<ReturnType<typeof requireActiveRun>>) => Promise<unknown>): Op =>
  (scene) =>
    scene.runs.length === 0
      ? Promise.resolve()
      : write(scene, async (tx) => fn(tx, scene, await requireActiveRun(tx, scene.random.pick(scene.runs))))

const onModel =
  (fn: (tx: Tx, scene: Scene, id: ModelId) => Promise<unknown>): Op =>
  (scene) =>
    scene.models.length === 0 ? Promise.resolve() : write(scene, (tx) => fn(tx, scene, scene.random.pick(scene.models)))

const word = (random: Random): string => `${random.pick(KEYS)}${random.integer(4)}`

function pointsFor(random: Random, count: number) {
  return Array.from({ length: count }, () => {
    const step = random.integer(12) - 2
    // A few values, so that points are logged twice, and several stand at one place.
    const value = random.integer(4) === 0 ? random.pick(SPECIAL) : random.integer(3) / 2
    return { step, timestamp: 1000 + step, value }
  })
}

/** With how often each is done. */
const OPS: readonly (readonly [number, string, Op])[] = [
  [
    4,
    'create run',
    (scene) => write(scene, (tx) => createRun(tx, { experimentId: scene.experiment, name: word(scene.random) }))
  ],
  [
    8,
    'log param',
    onRun((tx, { random }, run) => logParams(tx, run, [{ key: random.pick(KEYS), value: word(random) }]))
  ],
  [
    8,
    'set tag',
    onRun((tx, { random }, run) => setRunTags(tx, run, [{ key: random.pick(KEYS), value: word(random) }]))
  ],
  [
    3,
    'rename run',
    onRun((tx, { random }, run) => setRunTags(tx, run, [{ key: 'mlflow.runName', value: word(random) }]))
  ],
  [4, 'delete tag', onRun((tx, { random }, run) => deleteRunTag(tx, run, random.pick(KEYS)))],
  [
    14,
    'log points',
    onRun((tx, { random }, run) =>
      logSeries(tx, run, new Map([[random.pick(KEYS), seriesOf(pointsFor(random, 1 + random.integer(4)))]]))
    )
  ],
  [
    2,
    'log many points',
    onRun((tx, { random }, run) => {
      const from = random.integer(3) * 700
      const many = Array.from({ length: 1500 }, (_, i) => ({ step: from + i, timestamp: from + i, value: i % 7 }))
      return logSeries(tx, run, new Map([[random.pick(KEYS), seriesOf(many)]]))
    })
  ],
  [
    1,
    'set tags one by one, more than are kept unfolded',
    async (scene) => {
      const { random } = scene
      if (scene.runs.length === 0) return
      const id = random.pick(scene.runs)
      for (let i = 0; i < SYNC.foldFrames + 3; i++)
        await write(scene, async (tx) => setRunTags(tx, await requireActiveRun(tx, id), [{ key: 'a', value: `${i}` }]))
    }
  ],
  [
    1,
    'log more points than a frame has',
    onRun((tx, { random }, run) => {
      const from = random.integer(3) * 3000
      const many = Array.from({ length: 5200 }, (_, i) => ({ step: from + i, timestamp: from + i, value: i % 3 }))
      return logSeries(tx, run, new Map([[random.pick(KEYS), seriesOf(many)]]))
    })
  ],
  [
    3,
    'seal',
    async ({ peer, runs, random }) => {
      if (runs.length > 0) await sealRuns(peer.store, [random.pick(runs)])
    }
  ],
  [
    5,
    'update run',
    onRun((tx, { random }, run) =>
      updateRun(tx, run.runId, { status: random.pick(RUN_STATUSES), endTime: random.integer(1000) })
    )
  ],
  [
    4,
    'put file',
    async (scene) => {
      const { peer, random } = scene
      const { blobId, size } = await peer.blobs.put(new Blob([word(random)]))
      await onRun((tx, _, run) =>
        putArtifact(tx, {
          path: `${artifactRootPath(run.artifactUri)}/${random.pick(KEYS)}.txt`,
          blobId,
          size,
          mediaType: 'text/plain',
          createdTime: tx.now
        })
      )(scene)
    }
  ],
  [
    1,
    'delete file',
    onRun((tx, { random }, run) => deleteArtifacts(tx, `${artifactRootPath(run.artifactUri)}/${random.pick(KEYS)}.txt`))
  ],
  [
    3,
    'log dataset',
    onRun((tx, { random }, run) =>
      logInputs(tx, run, [
        {
          dataset: {
            name: random.pick(KEYS),
            digest: 'd',
            sourceType: 's',
            source: word(random),
            schema: null,
            profile: word(random)
          },
          tags: [{ key: 'mlflow.data.context', value: word(random) }]
        }
      ])
    )
  ],
  [3, 'delete run', (scene) => write(scene, (tx) => deleteRun(tx, pickOr(scene)))],
  [3, 'restore run', (scene) => write(scene, (tx) => restoreRun(tx, pickOr(scene)))],
  [
    2,
    'rename experiment',
    (scene) => write(scene, (tx) => renameExperiment(tx, scene.experiment, `name ${word(scene.random)}`))
  ],
  [
    3,
    'tag experiment',
    (scene) => write(scene, (tx) => setExperimentTag(tx, scene.experiment, scene.random.pick(KEYS), word(scene.random)))
  ],
  [
    1,
    'untag experiment',
    (scene) => write(scene, (tx) => deleteExperimentTag(tx, scene.experiment, scene.random.pick(KEYS)))
  ],
  [
    1,
    'trash or restore experiment',
    (scene) =>
      write(scene, async (tx) => {
        const { lifecycleStage } = await getExperiment(tx, scene.experiment)
        return lifecycleStage === 'active'
          ? deleteExperiment(tx, scene.experiment)
          : restoreExperiment(tx, scene.experiment)
      })
  ],
  [
    2,
    'create model',
    (scene) =>
      write(scene, (tx) =>
        createLoggedModel(tx, {
          experimentId: scene.experiment,
          name: word(scene.random),
          ...(scene.runs.length > 0 && { sourceRunId: scene.random.pick(scene.runs) }),
          params: [{ key: 'a', value: word(scene.random) }]
        })
      )
  ],
  [
    2,
    'tag model',
    onModel((tx, { random }, id) => setLoggedModelTags(tx, id, [{ key: random.pick(KEYS), value: word(random) }]))
  ],
  [
    2,
    'log model param',
    onModel((tx, { random }, id) => logLoggedModelParams(tx, id, [{ key: random.pick(KEYS), value: word(random) }]))
  ],
  [
    2,
    'finalize model',
    onModel((tx, { random }, id) => finalizeLoggedModel(tx, id, random.pick(['READY', 'UPLOAD_FAILED'] as const)))
  ],
  [1, 'delete model', onModel((tx, _, id) => deleteLoggedModel(tx, id))],
  [
    2,
    'log edge',
    onRun((tx, { random, models }, run) =>
      models.length === 0
        ? Promise.resolve()
        : random.integer(2) === 0
          ? logModelInputs(tx, run, [{ modelId: random.pick(models) }])
          : logModelOutputs(tx, run, [{ modelId: random.pick(models), step: random.integer(9) }])
    )
  ],
  [
    2,
    'measure model',
    onRun(async (tx, { random, models }, run) => {
      if (models.length === 0) return
      const points = pointsFor(random, 2).map((point) => ({ ...point, key: 'm', modelId: random.pick(models) }))
      await logPoints(tx, run, points)
      await logModelMetrics(tx, run, points)
    })
  ],
  [
    3,
    'comment',
    onRun((tx, { random }, run) => addComment(tx, run.runId, { author: 'a', text: word(random), point: null }))
  ],
  [
    2,
    'edit comment',
    onRun(async (tx, { random }, run) => {
      const comments = await commentsOf(tx, run.runId)
      if (comments.length > 0) await editComment(tx, run.runId, random.pick(comments).id, word(random))
    })
  ],
  [
    1,
    'delete comment',
    onRun(async (tx, { random }, run) => {
      const comments = await commentsOf(tx, run.runId)
      if (comments.length > 0) await deleteComment(tx, run.runId, random.pick(comments).id)
    })
  ],
  [2, 'move run', (scene) => write(scene, (tx) => moveRuns(tx, [pickOr(scene)], scene.random.pick(scene.elsewhere)))],
  [1, 'move run here', (scene) => write(scene, (tx) => moveRuns(tx, [pickOr(scene)], scene.experiment))],
  [
    1,
    'create run that is not shared',
    (scene) => write(scene, (tx) => createRun(tx, { experimentId: DEFAULT_EXPERIMENT_ID, name: word(scene.random) }))
  ]
]

/** For good: whoever owns the space may. */
const PURGE: Op = (scene) => {
  const { random, runs, models } = scene
  if (models.length > 0 && random.integer(3) === 0)
    return write(scene, (tx) => purgeModelsNow(tx, [random.pick(models)]))
  return runs.length === 0 ? Promise.resolve() : write(scene, (tx) => purgeRunsNow(tx, [random.pick(runs)]))
}

const pickOr = ({ random, runs }: Scene): RunId => (runs.length === 0 ? ('none' as RunId) : random.pick(runs))

const TOTAL = OPS.reduce((sum, [weight]) => sum + weight, 0)

/** Do one thing to a peer's store; returns what it was, and whether it was refused. */
export async function act(peer: Peer, random: Random): Promise<string> {
  if (random.unit() < peer.world.registryShare && peer.rooms.includes(REGISTRY)) {
    const { name, run } = nextRegistryOp(random)
    return attempted(name, () => run(peer))
  }
  const scene = await sceneOf(peer, random)
  if (scene === null) return 'nothing to do'
  let left = random.integer(TOTAL)
  const [, name, op] = OPS.find(([weight]) => (left -= weight) < 0)!
  const isPurge = peer.name === 'hub' && random.integer(25) === 0
  const what = `${isPurge ? 'purge' : name} in ${scene.experiment.slice(0, 4)}`
  return attempted(what, () => (isPurge ? PURGE : op)(scene))
}

async function attempted(what: string, run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
    return what
  } catch (error) {
    if (error instanceof RunnelError && error.code !== 'INTERNAL_ERROR') return `${what}: ${error.code}`
    throw error
  }
}

async function sceneOf(peer: Peer, random: Random): Promise<Scene | null> {
  return peer.store.read(async (r) => {
    const rooms = await listRooms(r)
    if (rooms.length === 0) return null
    const experiment = random.pick(rooms).experimentId
    const all = [...rooms.map(({ experimentId }) => experimentId), DEFAULT_EXPERIMENT_ID]
    const here = [Number(experiment), Number(DEFAULT_EXPERIMENT_ID)]
    const runs = await r.db
      .selectFrom('runs')
      .select('run_uuid')
      .where('experiment_id', 'in', here)
      .orderBy('run_uuid')
      .execute()
    const models = await r.db
      .selectFrom('logged_models')
      .select('model_id')
      .where('experiment_id', 'in', here)
      .orderBy('model_id')
      .execute()
    return {
      peer,
      random,
      experiment,
      elsewhere: all.filter((id) => id !== experiment),
      runs: runs.map((row) => row.run_uuid as RunId),
      models: models.map((row) => row.model_id as ModelId)
    }
  })
}
