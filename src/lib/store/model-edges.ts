/**
 * Which logged models runs were fed and made: rows of `inputs` between a run and a model. Nobody checks that there is such a model, as in
 * MLflow: its clients name models of other servers too.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import { randomHex, type ModelId, type RunId } from '#lib/domain/ids.ts'
import type { ModelInput, ModelOutput } from '#lib/domain/logged-model.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'

/** An input the run already has is ignored. `run` must be active (requireActiveRun). */
export async function logModelInputs(tx: Tx, run: RunInfo, inputs: readonly ModelInput[]): Promise<void> {
  await putEdges(tx, run, 'input', inputs)
}

/** Fails with BAD_REQUEST when the run has one of the outputs already, whatever its step. `run` must be active (requireActiveRun). */
export async function logModelOutputs(tx: Tx, run: RunInfo, outputs: readonly ModelOutput[]): Promise<void> {
  const added = await putEdges(tx, run, 'output', outputs)
  if (added < outputs.length)
    throw new RunnelError(
      'BAD_REQUEST',
      `A model of this request stands twice or is already an output of run '${run.runId}'.`
    )
}

const TYPES = {
  input: { source_type: 'RUN_INPUT', destination_type: 'MODEL_INPUT' },
  output: { source_type: 'RUN_OUTPUT', destination_type: 'MODEL_OUTPUT' }
} as const

/** Returns how many were new. */
async function putEdges(
  tx: Tx,
  { runId, experimentId }: RunInfo,
  kind: keyof typeof TYPES,
  models: readonly (ModelInput | ModelOutput)[]
): Promise<number> {
  const rows = models.map((model) => ({
    input_uuid: randomHex(16),
    ...TYPES[kind],
    source_id: runId,
    destination_id: model.modelId,
    step: 'step' in model ? model.step : 0
  }))
  let added = 0
  for (const part of chunks(rows)) {
    const { numInsertedOrUpdatedRows } = await tx.db
      .insertInto('inputs')
      .values(part)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    added += Number(numInsertedOrUpdatedRows)
  }
  if (added > 0) tx.changes.add('logged-model', { run: runId, experiment: experimentId })
  return added
}

export interface ModelEdges {
  readonly inputs: readonly ModelInput[]
  readonly outputs: readonly ModelOutput[]
}

/** By run, in the order of model ids. */
export async function modelEdgesOfRuns(r: Reader, ids: readonly RunId[]): Promise<Map<RunId, ModelEdges>> {
  const byRun = new Map<RunId, ModelEdges>()
  for (const part of chunks(ids)) {
    const rows = await r.db
      .selectFrom('inputs')
      .select(['source_type', 'source_id', 'destination_id', 'step'])
      .where('source_type', 'in', [TYPES.input.source_type, TYPES.output.source_type])
      .where('source_id', 'in', part)
      .orderBy('destination_id')
      .execute()
    for (const [id, edges] of Map.groupBy(rows, (row) => row.source_id as RunId))
      byRun.set(id, {
        inputs: edges
          .filter((edge) => edge.source_type === TYPES.input.source_type)
          .map((edge) => ({ modelId: edge.destination_id as ModelId })),
        outputs: edges
          .filter((edge) => edge.source_type === TYPES.output.source_type)
          .map((edge) => ({ modelId: edge.destination_id as ModelId, step: edge.step }))
      })
  }
  return byRun
}
