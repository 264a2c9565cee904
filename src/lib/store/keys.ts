import type { ExperimentId } from '#lib/domain/ids.ts'
import type { Reader, Tx } from './database.ts'

export type KeyKind = 'param' | 'metric' | 'tag'

/**
 * Remember that an experiment's runs use a key, so that a table knows its columns without reading 10,000 runs.
 * Called on every write, so what is known to be there is not asked of SQL again.
 */
export async function noteKey(tx: Tx, experimentId: ExperimentId, kind: KeyKind, key: string): Promise<void> {
  const fact = `${experimentId}/${kind}/${key}`
  if (tx.known.has(fact)) return
  const row = { experiment_id: Number(experimentId), kind, key }
  const { numInsertedOrUpdatedRows } = await tx.db
    .insertInto('runnel_keys')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  tx.known.add(fact)
  if (numInsertedOrUpdatedRows === 1n) tx.changes.add('key', { experiment: experimentId })
}

/** Keys in binary text order. */
export async function experimentKeys(
  r: Reader,
  id: ExperimentId
): Promise<{ readonly params: string[]; readonly metrics: string[]; readonly tags: string[] }> {
  const rows = await r.db
    .selectFrom('runnel_keys')
    .select(['kind', 'key'])
    .where('experiment_id', '=', Number(id))
    .orderBy('kind')
    .orderBy('key')
    .execute()
  const of = (kind: KeyKind) => rows.filter((row) => row.kind === kind).map((row) => row.key)
  return { params: of('param'), metrics: of('metric'), tags: of('tag') }
}
