import { invalid } from '#lib/domain/errors.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import type { Param } from '#lib/domain/param.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import { cutText } from '#lib/domain/text.ts'
import { groupByRun } from './by-run.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import { noteKey } from './keys.ts'

/**
 * Set params once. An equal value again is fine, another value is refused; values are cut to the limit before they are compared.
 * `run` must be active (requireActiveRun). Fails with MLflow's sentence for one param (`single`) or for a batch; nothing is kept.
 */
export async function logParams(
  tx: Tx,
  run: RunInfo,
  params: readonly Param[],
  { single = false }: { readonly single?: boolean } = {}
): Promise<void> {
  if (params.length === 0) return
  const cut = params.map(({ key, value }) => ({ key, value: cutText(value, LIMITS.paramValueLength) }))
  const stored = new Map(
    (
      await tx.db
        .selectFrom('params')
        .select(['key', 'value'])
        .where('run_uuid', '=', run.runId)
        .where(
          'key',
          'in',
          cut.map((param) => param.key)
        )
        .execute()
    ).map((row) => [row.key, row.value])
  )
  const conflicts = cut.filter(({ key, value }) => stored.has(key) && stored.get(key) !== value)
  if (conflicts.length > 0) throw invalid(conflictText(run.runId, conflicts, stored, single))
  const fresh = cut.filter(({ key }) => !stored.has(key))
  if (fresh.length === 0) return
  await tx.db
    .insertInto('params')
    .values(fresh.map(({ key, value }) => ({ run_uuid: run.runId, key, value })))
    .execute()
  for (const { key } of fresh) await noteKey(tx, run.experimentId, 'param', key)
  tx.changes.add('param', { run: run.runId, experiment: run.experimentId })
}

function conflictText(id: RunId, conflicts: readonly Param[], stored: Map<string, string>, single: boolean): string {
  const [first] = conflicts
  if (single && first)
    return `Changing param values is not allowed. Param with key='${first.key}' was already logged with value='${stored.get(first.key)}' for run ID='${id}'. Attempted logging new value '${first.value}'.`
  const list = conflicts.map(
    ({ key, value }) => `{'key': '${key}', 'old_value': '${stored.get(key)}', 'new_value': '${value}'}`
  )
  return `Changing param values is not allowed. Params were already logged='[${list.join(', ')}]' for run ID='${id}'.`
}

/** By run, in key order. `keys` narrows to those. */
export async function paramsOfRuns(
  r: Reader,
  ids: readonly RunId[],
  keys?: readonly string[]
): Promise<Map<RunId, Param[]>> {
  const byRun = new Map<RunId, Param[]>()
  for (const part of chunks(ids)) {
    let query = r.db.selectFrom('params').selectAll().where('run_uuid', 'in', part)
    if (keys) query = query.where('key', 'in', keys)
    groupByRun(byRun, await query.execute(), ({ key, value }) => ({ key, value }))
  }
  return byRun
}
