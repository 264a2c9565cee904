import { artifactRootPath, parseArtifactPath } from '#lib/domain/artifact.ts'
import { RunnelError, absent, invalid, unreachable } from '#lib/domain/errors.ts'
import {
  DEFAULT_EXPERIMENT_ID,
  parseExperimentId,
  parseRunId,
  type BlobId,
  type ExperimentId
} from '#lib/domain/ids.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import {
  validateDatasetInput,
  validateExperimentName,
  validateNewTags,
  validateParam,
  validateRunTag,
  validateTagKey,
  validateText
} from '#lib/domain/validate.ts'
import { putArtifact } from '#lib/store/artifacts.ts'
import type { Tx } from '#lib/store/database.ts'
import { logInputs } from '#lib/store/datasets.ts'
import { createExperiment, findExperimentByName } from '#lib/store/experiments.ts'
import { logParams } from '#lib/store/params.ts'
import { createRun, findRunInfo, requireActiveRun, updateRun } from '#lib/store/runs.ts'
import { deleteRunTag, setRunTags } from '#lib/store/tags.ts'
import type { SessionOp } from './protocol.ts'

type OpOf<Kind extends SessionOp['op']> = Extract<SessionOp, { readonly op: Kind }>
export type ArtifactOp = OpOf<'artifact'>

/** The bytes are in the folder of the run, which clients write to themselves. */
export const IN_FOLDER = 'in its folder'

/** Where an artifact's bytes went before the transaction, or why they could not be kept. */
export type StoredFile = { readonly blobId: BlobId; readonly size: number } | typeof IN_FOLDER | RunnelError

export type StoredFiles = ReadonlyMap<ArtifactOp, StoredFile>

/** Apply one small operation. Fails with a RunnelError, and must then leave nothing: the caller wraps it in `tx.attempt`. */
export async function writeOp(tx: Tx, op: SessionOp, files: StoredFiles): Promise<void> {
  switch (op.op) {
    case 'skip':
      return
    case 'startRun':
      return startRun(tx, op)
    case 'endRun':
      await updateRun(tx, parseRunId(op.runId), { status: op.status, endTime: op.endTime })
      return
    case 'param':
      validateParam(op)
      return logParams(tx, await activeRun(tx, op), [{ key: op.key, value: op.value }], { single: true })
    case 'tag':
      validateRunTag(op)
      return setRunTags(tx, await activeRun(tx, op), [{ key: op.key, value: op.value }])
    case 'deleteTag':
      validateTagKey(op.key)
      return deleteRunTag(tx, await activeRun(tx, op), op.key)
    case 'artifact':
      return keepArtifact(tx, op, files)
    case 'input':
      validateDatasetInput(op)
      return logInputs(tx, await activeRun(tx, op), [{ dataset: op.dataset, tags: op.tags }])
    default:
      return unreachable(op)
  }
}

const activeRun = (tx: Tx, op: { readonly runId: string }): Promise<RunInfo> =>
  requireActiveRun(tx, parseRunId(op.runId))

async function startRun(tx: Tx, op: OpOf<'startRun'>): Promise<void> {
  const runId = parseRunId(op.runId)
  validateNewTags(op.tags)
  for (const tag of op.tags) validateRunTag(tag)
  if (op.runName !== undefined) validateText(op.runName, 'run_name')
  if ((await findRunInfo(tx, runId)) === null) {
    if (op.resume) throw absent(`Run with id=${runId} not found`)
    const name = op.runName ? { name: op.runName } : {}
    await createRun(tx, {
      experimentId: await experimentOf(tx, op),
      runId,
      startTime: op.startTime,
      tags: op.tags,
      ...name
    })
    return
  }
  const run = await updateRun(tx, runId, { status: 'RUNNING', ...(op.runName ? { name: op.runName } : {}) })
  await setRunTags(tx, run, op.tags)
}

async function experimentOf(tx: Tx, op: OpOf<'startRun'>): Promise<ExperimentId> {
  if (op.experimentId !== undefined) return parseExperimentId(op.experimentId)
  if (op.experimentName === undefined) return DEFAULT_EXPERIMENT_ID
  validateExperimentName(op.experimentName)
  const known = await findExperimentByName(tx, op.experimentName)
  if (known === null) return createExperiment(tx, { name: op.experimentName })
  if (known.lifecycleStage !== 'active')
    throw invalid(
      `The experiment '${op.experimentName}' is in the trash. Restore it there, or log to an experiment of another name.`
    )
  return known.experimentId
}

async function keepArtifact(tx: Tx, op: ArtifactOp, files: StoredFiles): Promise<void> {
  const run = await activeRun(tx, op)
  const path = parseArtifactPath(op.path)
  const stored = files.get(op)
  if (stored === IN_FOLDER) return tx.changes.add('artifact', { run: run.runId, experiment: run.experimentId })
  if (stored instanceof RunnelError) throw stored
  const root = artifactRootPath(run.artifactUri)
  if (root === null)
    throw invalid(`The artifacts of run ${run.runId} are kept at ${run.artifactUri}, which this store cannot write to.`)
  if (stored === undefined) throw new RunnelError('INTERNAL_ERROR', `The bytes of artifact '${path}' were not stored.`)
  await putArtifact(tx, { ...stored, path: `${root}/${path}`, mediaType: op.mediaType, createdTime: tx.now })
}
