import { absent } from '#lib/domain/errors.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { TAGS, type Tag } from '#lib/domain/tag.ts'
import { cutText } from '#lib/domain/text.ts'
import { groupByRun } from './by-run.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import { noteKey } from './keys.ts'

/**
 * Set tags; of equal keys the last wins; values are cut to the limit. `mlflow.runName` renames the run with it.
 * `run` must be active (requireActiveRun).
 */
export async function setRunTags(tx: Tx, run: RunInfo, tags: readonly Tag[]): Promise<void> {
  if (tags.length === 0) return
  const last = new Map(tags.map(({ key, value }) => [key, cutText(value, LIMITS.tagValueLength)]))
  const rows = [...last].map(([key, value]) => ({ run_uuid: run.runId, key, value }))
  for (const part of chunks(rows))
    await tx.db
      .insertInto('tags')
      .values(part)
      .onConflict((conflict) =>
        conflict.columns(['run_uuid', 'key']).doUpdateSet((eb) => ({ value: eb.ref('excluded.value') }))
      )
      .execute()
  const name = last.get(TAGS.runName)
  if (name !== undefined && name !== run.name)
    await tx.db.updateTable('runs').set({ name }).where('run_uuid', '=', run.runId).execute()
  for (const key of last.keys()) await noteKey(tx, run.experimentId, 'tag', key)
  tx.changes.add('tag', { run: run.runId, experiment: run.experimentId })
}

/** Fails with RESOURCE_DOES_NOT_EXIST when the run has no such tag. */
export async function deleteRunTag(tx: Tx, run: RunInfo, key: string): Promise<void> {
  const { numDeletedRows } = await tx.db
    .deleteFrom('tags')
    .where('run_uuid', '=', run.runId)
    .where('key', '=', key)
    .executeTakeFirst()
  if (numDeletedRows === 0n) throw absent(`No tag with name: ${key} in run with id ${run.runId}`)
  tx.changes.add('tag', { run: run.runId, experiment: run.experimentId })
}

/** By run, in key order. `keys` narrows to those. */
export async function tagsOfRuns(
  r: Reader,
  ids: readonly RunId[],
  keys?: readonly string[]
): Promise<Map<RunId, Tag[]>> {
  const byRun = new Map<RunId, Tag[]>()
  for (const part of chunks(ids)) {
    let query = r.db.selectFrom('tags').selectAll().where('run_uuid', 'in', part)
    if (keys) query = query.where('key', 'in', keys)
    groupByRun(byRun, await query.execute(), ({ key, value }) => ({ key, value: value ?? '' }))
  }
  return byRun
}
