import { sql } from 'kysely'
import type { ExperimentId } from '#lib/domain/ids.ts'
import { BULK } from '#lib/domain/limits.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'

export type KeyKind = 'param' | 'metric' | 'tag'

/**
 * Remember that an experiment's runs use a key, so that a table knows its columns without reading 10,000 runs.
 * Called on every write, so what is known to be there is not asked of SQL again.
 */
export async function noteKey(tx: Tx, experimentId: ExperimentId, kind: KeyKind, key: string): Promise<void> {
  const fact = factOf(experimentId, kind, key)
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

const factOf = (id: ExperimentId, kind: KeyKind, key: string): string => `${id}/${kind}/${key}`

/** Where each kind is used, by run. */
export const KEY_TABLES = { param: 'params', metric: 'latest_metrics', tag: 'tags' } as const satisfies Record<
  KeyKind,
  string
>

/**
 * Forget those of some keys that no run of the experiment, in the trash or not, uses. Where that would take long to find out they stay:
 * a table then offers a column that is empty.
 */
export async function dropUnusedKeys(
  tx: Tx,
  experimentId: ExperimentId,
  kind: KeyKind,
  keys: readonly string[]
): Promise<void> {
  const id = Number(experimentId)
  const { runs } = await tx.db
    .selectFrom('runs')
    .select(({ fn }) => fn.countAll<number>().as('runs'))
    .where('experiment_id', '=', id)
    .executeTakeFirstOrThrow()
  if (runs * keys.length > BULK.keyLookups) return
  for (const part of chunks(keys)) {
    // A cross join is SQLite's way to say which table is walked: the experiment's runs, and of each the one key.
    const inUse = sql<boolean>`exists (select 1 from runs cross join ${sql.table(KEY_TABLES[kind])} as pair
      on pair.run_uuid = runs.run_uuid and pair.key = runnel_keys.key where runs.experiment_id = ${id})`
    const gone = await tx.db
      .deleteFrom('runnel_keys')
      .where('experiment_id', '=', id)
      .where('kind', '=', kind)
      .where('key', 'in', part)
      .where((eb) => eb.not(inUse))
      .returning('key')
      .execute()
    for (const { key } of gone) tx.known.forget(factOf(experimentId, kind, key))
    if (gone.length > 0) tx.changes.add('key', { experiment: experimentId })
  }
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
