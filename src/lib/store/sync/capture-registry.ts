/** Facts of what a transaction did to the model registry, as `capture.ts` makes them of experiments. */
import { RunnelError } from '#lib/domain/errors.ts'
import type { ModelVersionId } from '#lib/domain/ids.ts'
import { jsonText } from '#lib/domain/json.ts'
import { DELETED_STAGE } from '#lib/domain/model-version.ts'
import { FIELDS, PREFIXES, type Winners } from '#lib/domain/sync/cells.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import { modelVersionSubject, parseSubject, registeredModelSubject } from '#lib/domain/sync/subject.ts'
import { chunks } from '../chunks.ts'
import type { Reader, Tx } from '../database.ts'
import type { CellValues } from './cells-of-rows.ts'
import { seqsOfSubjects } from './fact-rows.ts'
import { cellsOfModelVersions, cellsOfRegisteredModels, DELETED } from './registered-cells.ts'
import { findRegistryRoom } from './registry-room.ts'
import { heedClaims, settleModels } from './registry-settling.ts'
import type { Replica } from './replica.ts'
import { sayAll, sayWhatIsNew, type Look } from './say.ts'

export async function captureRegistry(tx: Tx, replica: Replica): Promise<void> {
  const room = await findRegistryRoom(tx)
  if (room === null) return
  if (room.role === 'viewer')
    throw new RunnelError(
      'PERMISSION_DENIED',
      'The models of this host were shared with you to look at, not to change.'
    )
  await sayRegistered(tx, replica, [...tx.changes.registered])
}

/** Say what is new of some registered models and versions. */
export async function sayRegistered(tx: Tx, replica: Replica, subjects: readonly Subject[]): Promise<void> {
  const said = await sayWhatIsNew(tx, replica, await lookAtRegistered(tx, subjects), new Map())
  const moved = [...said].flatMap(([subject, cells]) => {
    const home = cells.find(({ field }) => field === FIELDS.home)?.value
    return typeof home === 'string' ? [{ subject, home }] : []
  })
  if (moved.length === 0) return
  await heedClaims(
    tx,
    moved.map(({ subject }) => subject)
  )
  await settleModels(tx, new Set(moved.map(({ home }) => home)))
}

/** Make facts of all that rows say of registered models and versions which nobody has said anything of. */
export async function captureUnsaidRegistered(tx: Tx, replica: Replica, subjects: readonly Subject[]): Promise<void> {
  const looks = await lookAtRegistered(tx, subjects)
  await sayAll(
    tx,
    replica,
    looks.filter(({ now }) => now?.has(FIELDS.genesis) ?? false)
  )
}

async function lookAtRegistered(r: Reader, subjects: readonly Subject[]): Promise<Look[]> {
  const of = subjects.map(parseSubject)
  const names = of.flatMap((one) => (one?.kind === 'registered-model' ? [one.id] : []))
  const ids = of.flatMap((one) => (one?.kind === 'model-version' ? [one.id] : []))
  return [...(await lookAtModels(r, names)), ...(await lookAtVersions(r, ids))]
}

async function lookAtModels(r: Reader, names: readonly string[]): Promise<Look[]> {
  const cells = await cellsOfRegisteredModels(r, names)
  const known = await seqsOfSubjects(
    r,
    null,
    names.filter((name) => !cells.has(name)).map((name) => registeredModelSubject(name))
  )
  return names.flatMap((name): Look[] => {
    const subject = registeredModelSubject(name)
    if (!cells.has(name) && !known.has(subject)) return []
    // One of the name may be made again, so that there is none is said as what is true now.
    const now: CellValues = cells.get(name) ?? new Map([[FIELDS.stage, DELETED]])
    return [{ subject, now, asSaid: (winners) => withDanglingAliases(r, name, now, winners) }]
  })
}

/** An alias whose version is not to be seen (it has not come yet, is deleted, or went to another model) was taken away by nobody. */
async function withDanglingAliases(r: Reader, name: string, now: CellValues, winners: Winners): Promise<CellValues> {
  const hidden = [...winners].filter(
    ([field, { value }]) => field.startsWith(PREFIXES.alias) && value !== null && !now.has(field)
  )
  if (hidden.length === 0) return now
  const here = await versionsIn(
    r,
    name,
    hidden.map(([, { value }]) => jsonText(value))
  )
  const whole = new Map(now)
  for (const [field, { value }] of hidden) if (!here.has(jsonText(value))) whole.set(field, value)
  return whole
}

/** Those of some versions that an alias of a model can stand for. */
async function versionsIn(r: Reader, name: string, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>()
  for (const part of chunks(ids)) {
    const rows = await r.db
      .selectFrom('model_versions')
      .select('runnel_id')
      .where('runnel_id', 'in', part)
      .where('name', '=', name)
      .where('current_stage', '!=', DELETED_STAGE)
      .execute()
    for (const { runnel_id } of rows) found.add(runnel_id)
  }
  return found
}

async function lookAtVersions(r: Reader, ids: readonly ModelVersionId[]): Promise<Look[]> {
  const cells = await cellsOfModelVersions(r, ids)
  return ids.map((id) => {
    const now = cells.get(id) ?? null
    return {
      subject: modelVersionSubject(id),
      now,
      asSaid: (winners) => Promise.resolve(fromWhereItCame(now, winners))
    }
  })
}

/** Where a version came from never changes; what that is called may, in a store that lets go of its run. */
function fromWhereItCame(now: CellValues | null, winners: Winners): CellValues | null {
  const said = winners.get(FIELDS.origin)?.value ?? null
  return now === null || said === null || !now.has(FIELDS.origin) ? now : new Map(now).set(FIELDS.origin, said)
}
