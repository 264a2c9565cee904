import { RunnelError, absent } from '#lib/domain/errors.ts'
import type { ExperimentId } from '#lib/domain/ids.ts'
import { LIVE } from '#lib/domain/limits.ts'
import type { SavedView, ViewOf } from '#lib/domain/view.ts'
import type { Reader, Tx } from './database.ts'
import { requireActiveExperiment } from './experiments.ts'

/** By name, in binary text order. */
export async function listViews(r: Reader, id: ExperimentId, of: ViewOf): Promise<SavedView[]> {
  const rows = await r.db
    .selectFrom('runnel_views')
    .select(['name', 'state', 'created_time', 'last_update_time'])
    .where('experiment_id', '=', Number(id))
    .where('kind', '=', of)
    .orderBy('name')
    .execute()
  return rows.map((row) => ({
    name: row.name,
    state: row.state,
    createdTime: row.created_time,
    lastUpdateTime: row.last_update_time
  }))
}

/**
 * Keep a view under its name, in place of one of that name.
 * Fails when the experiment is absent or not active, and with RESOURCE_EXHAUSTED when it has as many views as there may be.
 */
export async function saveView(tx: Tx, id: ExperimentId, of: ViewOf, name: string, state: string): Promise<void> {
  await requireActiveExperiment(tx, id)
  if (!(await hasView(tx, id, of, name))) await requireRoom(tx, id, of)
  await tx.db
    .insertInto('runnel_views')
    .values({
      experiment_id: Number(id),
      kind: of,
      name,
      state,
      created_time: tx.now,
      last_update_time: tx.now
    })
    .onConflict((conflict) =>
      conflict.columns(['experiment_id', 'kind', 'name']).doUpdateSet({ state, last_update_time: tx.now })
    )
    .execute()
  tx.changes.add('view', { experiment: id })
}

/** Fails when there is no view `name`, when another is named `to` already, or the experiment is not active. */
export async function renameView(tx: Tx, id: ExperimentId, of: ViewOf, name: string, to: string): Promise<void> {
  await requireActiveExperiment(tx, id)
  if (!(await hasView(tx, id, of, name))) throw absent(`There is no view named ${JSON.stringify(name)}.`)
  if (to === name) return
  if (await hasView(tx, id, of, to))
    throw new RunnelError('RESOURCE_ALREADY_EXISTS', `There is a view named ${JSON.stringify(to)} already.`)
  await tx.db
    .updateTable('runnel_views')
    .set({ name: to, last_update_time: tx.now })
    .where('experiment_id', '=', Number(id))
    .where('kind', '=', of)
    .where('name', '=', name)
    .execute()
  tx.changes.add('view', { experiment: id })
}

/** Idempotent. */
export async function deleteView(tx: Tx, id: ExperimentId, of: ViewOf, name: string): Promise<void> {
  tx.makeRoom()
  const { numDeletedRows } = await tx.db
    .deleteFrom('runnel_views')
    .where('experiment_id', '=', Number(id))
    .where('kind', '=', of)
    .where('name', '=', name)
    .executeTakeFirst()
  if (numDeletedRows > 0n) tx.changes.add('view', { experiment: id })
}

async function hasView(r: Reader, id: ExperimentId, of: ViewOf, name: string): Promise<boolean> {
  const row = await r.db
    .selectFrom('runnel_views')
    .select('name')
    .where('experiment_id', '=', Number(id))
    .where('kind', '=', of)
    .where('name', '=', name)
    .executeTakeFirst()
  return row !== undefined
}

async function requireRoom(r: Reader, id: ExperimentId, of: ViewOf): Promise<void> {
  const { n } = await r.db
    .selectFrom('runnel_views')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('experiment_id', '=', Number(id))
    .where('kind', '=', of)
    .executeTakeFirstOrThrow()
  if (n >= LIVE.viewsPerExperiment)
    throw new RunnelError(
      'RESOURCE_EXHAUSTED',
      `An experiment keeps at most ${LIVE.viewsPerExperiment} views. Delete one of them first.`
    )
}
