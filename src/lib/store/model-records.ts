import { invalid } from '#lib/domain/errors.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { TAGS } from '#lib/domain/tag.ts'
import type { Tx } from './database.ts'
import { noteKey } from './keys.ts'

/**
 * Add an entry (JSON, from `modelRecord`) to the list in the run's tag `mlflow.log-model.history`. Unlike other tags it is never cut, as
 * in MLflow: half a list could not be read again. `run` must be active (requireActiveRun).
 * Fails with INVALID_PARAMETER_VALUE when the tag holds something else, which MLflow answers with 500.
 */
export async function appendModelRecord(tx: Tx, run: RunInfo, entry: string): Promise<void> {
  const key = TAGS.modelHistory
  const row = await tx.db
    .selectFrom('tags')
    .select('value')
    .where('run_uuid', '=', run.runId)
    .where('key', '=', key)
    .executeTakeFirst()
  const before = row?.value.trim() ?? '[]'
  if (!isList(before))
    throw invalid(`The tag '${key}' of run '${run.runId}' holds no JSON list, so no model can be added to it.`)
  // The list is put together as text: what is in it stays to the letter.
  const inside = before.slice(1, -1).trim()
  const value = inside === '' ? `[${entry}]` : `[${inside}, ${entry}]`
  await tx.db
    .insertInto('tags')
    .values({ run_uuid: run.runId, key, value })
    .onConflict((conflict) => conflict.columns(['run_uuid', 'key']).doUpdateSet({ value }))
    .execute()
  await noteKey(tx, run.experimentId, 'tag', key)
  tx.changes.add('tag', { run: run.runId, experiment: run.experimentId })
}

function isList(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text))
  } catch {
    return false
  }
}
