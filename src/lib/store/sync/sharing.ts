/** How an experiment becomes shared, and how one that is shared comes here. */
import { sql } from 'kysely'
import type { ExperimentId, ModelId, RunId } from '#lib/domain/ids.ts'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { FIELDS } from '#lib/domain/sync/cells.ts'
import { experimentSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import type { Reader } from '../database.ts'
import { getExperiment, requireActiveExperiment } from '../experiments.ts'
import type { Store } from '../store.ts'
import { bringToRoom } from './bring-home.ts'
import { captureUnsaid } from './capture.ts'
import { insertExperiment } from './experiment-rows.ts'
import { factsOf } from './fact-rows.ts'
import { findWriter, ownWriters } from './replica.ts'
import { addRoom, findRoom, roomOfExperiment, sharedIdFor, updateRoom, type Room, type RoomRole } from './rooms.ts'

/**
 * Share an experiment, and make facts of all there is of it. Shared already, it stays so, and what is left to be said is said.
 *
 * host      where through; '' for this host itself
 * sharedId  what it goes by in all stores, where that follows from something; chosen unless given
 * fails     when it is absent or in the trash
 */
export async function shareExperiment(
  store: Store,
  id: ExperimentId,
  host: string,
  sharedId: SharedId = sharedIdFor(id)
): Promise<Room> {
  const room = await store.write(async (tx) => {
    const known = await roomOfExperiment(tx, id)
    if (known) return known
    await requireActiveExperiment(tx, id)
    const room: Room = { sharedId, experimentId: id, role: 'owner', host, isWhole: false }
    await addRoom(tx, room)
    await captureUnsaid(tx, store.replica, { rooms: [room], runs: [], models: [] })
    return room
  })
  return sayTheRest(store, room)
}

/**
 * Join what somebody else shares: an experiment that is empty until facts of it come. A copy of it that is here already is joined with it.
 */
export async function joinRoom(store: Store, id: SharedId, role: RoomRole, host: string): Promise<Room> {
  const room = await store.write(async (tx) => {
    const known = await findRoom(tx, id)
    if (known) {
      await updateRoom(tx, known, { role, host })
      return { ...known, role, host }
    }
    const copy = await findCopy(tx, id)
    // An empty one says nothing: what it is called is for those who share it to say.
    tx.isMerge = true
    const experimentId = copy ?? (await insertExperiment(tx, id))
    const room: Room = { sharedId: id, experimentId, role, host, isWhole: copy === null }
    await addRoom(tx, room)
    await bringToRoom(tx, id, experimentId)
    if (copy !== null) await captureUnsaid(tx, store.replica, { rooms: [room], runs: [], models: [] })
    return room
  })
  return sayTheRest(store, room)
}

/** What of a shared experiment is here: one that is followed through a host, made here or not, or a copy that is this store's own. */
export type Here = { readonly room: Room; readonly isMadeHere: boolean } | { readonly copy: string }

/** null when nothing of it is here. */
export async function findHere(r: Reader, id: SharedId): Promise<Here | null> {
  const room = await findRoom(r, id)
  if (room !== null && room.host !== '') return { room, isMadeHere: await isMadeHere(r, id) }
  const copy = room?.experimentId ?? (await findCopy(r, id))
  return copy === null ? null : { copy: (await getExperiment(r, copy)).name }
}

/** Whether this store said how it began, under any of its names. */
async function isMadeHere(r: Reader, id: SharedId): Promise<boolean> {
  const subject = experimentSubject(id)
  const names = await ownWriters(r)
  const said = (await factsOf(r, await findWriter(r), [subject])).get(subject)?.all ?? []
  return said.some(
    ({ writer, facts }) => names.has(writer) && facts.cells.some(({ field }) => field === FIELDS.genesis)
  )
}

/** The same number is the same experiment: they are random. */
async function findCopy(r: Reader, id: SharedId): Promise<ExperimentId | null> {
  const row = await r.db
    .selectFrom('experiments')
    .select('experiment_id')
    .where('experiment_id', '=', Number(id))
    .executeTakeFirst()
  return row === undefined || String(row.experiment_id) === DEFAULT_EXPERIMENT_ID
    ? null
    : (String(row.experiment_id) as ExperimentId)
}

/** In parts, so that logging goes on; whoever is interrupted goes on later. */
async function sayTheRest(store: Store, room: Room): Promise<Room> {
  if (room.isWhole) return room
  for (;;) {
    const left = await store.write(async (tx) => {
      const part = await unsaidOf(tx, room.experimentId)
      await captureUnsaid(tx, store.replica, { rooms: [], ...part })
      const left = part.runs.length + part.models.length
      if (left === 0) await updateRoom(tx, room, { isWhole: true })
      return left
    })
    if (left === 0) return { ...room, isWhole: true }
  }
}

/** Some runs and models of an experiment that nobody has said anything of. */
async function unsaidOf(r: Reader, id: ExperimentId): Promise<{ readonly runs: RunId[]; readonly models: ModelId[] }> {
  const runs = await sql<{ id: string }>`select run_uuid as id from runs where experiment_id = ${Number(id)}
    and not exists (select 1 from runnel_subjects where subject = 'r' || run_uuid) limit ${SYNC.mergeSubjects}`.execute(
    r.db
  )
  const models = await sql<{ id: string }>`select model_id as id from logged_models where experiment_id = ${Number(id)}
    and not exists (select 1 from runnel_subjects where subject = 'l' || model_id) limit ${SYNC.mergeSubjects}`.execute(
    r.db
  )
  return { runs: runs.rows.map((row) => row.id as RunId), models: models.rows.map((row) => row.id as ModelId) }
}
