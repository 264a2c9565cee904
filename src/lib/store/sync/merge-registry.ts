/** The join of two model registries: rows of what is said of models and versions, then what follows from all of it together. */
import type { ModelVersionId } from '#lib/domain/ids.ts'
import { isPurged } from '#lib/domain/sync/cells.ts'
import { modelVersionSubject, REGISTRY } from '#lib/domain/sync/subject.ts'
import type { Tx } from '../database.ts'
import { touchVersion, WORKSPACE } from '../registry-rows.ts'
import { sayRegistered } from './capture-registry.ts'
import { putRecords, putRoomOf } from './fact-rows.ts'
import { changedOf, type Outcome } from './outcome.ts'
import { deleteVersions, writeVersions } from './registered-rows.ts'
import { settleModels } from './registry-settling.ts'
import type { RegistryRoom } from './registry-room.ts'
import type { Replica } from './replica.ts'

export async function writeRegistryOutcomes(
  tx: Tx,
  replica: Replica,
  room: RegistryRoom,
  outcomes: readonly Outcome[]
): Promise<void> {
  // Before rows: what follows from several subjects is worked out from what is kept.
  for (const { subject, records } of outcomes) {
    await putRecords(
      tx,
      records.map((record) => ({ subject, ...record }))
    )
    await putRoomOf(tx, subject, REGISTRY)
  }
  const versions = outcomes.filter(({ of }) => of.kind === 'model-version')
  const idOf = ({ of }: Outcome) => of.id as ModelVersionId
  const names = new Set([
    ...outcomes.flatMap(({ of }) => (of.kind === 'registered-model' ? [of.id] : [])),
    ...(await deleteVersions(tx, versions.filter(({ after }) => isPurged(after)).map(idOf))),
    ...(await writeVersions(
      tx,
      versions.filter(({ after }) => !isPurged(after)).map((one) => changedOf(one, idOf(one)))
    ))
  ])
  await settleModels(tx, names)
  if (room.givesNumbers) await giveNumbers(tx, replica, names)
}

/** The numbers that versions of some models go by are theirs from now on: say so of those nobody has said it of. Of all models unless given. */
export async function giveNumbers(tx: Tx, replica: Replica, names?: ReadonlySet<string>): Promise<void> {
  const rows = await tx.db
    .selectFrom('model_versions')
    .select(['name', 'runnel_id'])
    .where('workspace', '=', WORKSPACE)
    .where('runnel_assigned', 'is', null)
    .$if(names !== undefined, (some) => some.where('name', 'in', [...names!]))
    .execute()
  if (rows.length === 0) return
  for (const row of rows) {
    await tx.db
      .updateTable('model_versions')
      .set((eb) => ({ runnel_assigned: eb.ref('version') }))
      .where('runnel_id', '=', row.runnel_id)
      .execute()
    touchVersion(tx, row)
  }
  await sayRegistered(
    tx,
    replica,
    rows.map(({ runnel_id }) => modelVersionSubject(runnel_id as ModelVersionId))
  )
}
