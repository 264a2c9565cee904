/** Which experiments are shared. Facts are kept of these alone: what is not shared costs nothing. The registry is in `registry-room.ts`. */
import { sql, type Selectable } from 'kysely'
import { DEFAULT_EXPERIMENT_ID, newExperimentId, type ExperimentId } from '#lib/domain/ids.ts'
import type { Hlc } from '#lib/domain/sync/clock.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import { chunks } from '../chunks.ts'
import type { Reader, Tx } from '../database.ts'
import type { RoomsTable } from '../schema.ts'
import { deleteFacts, subjectsOfRoom } from './fact-rows.ts'

export type RoomRole = 'viewer' | 'editor' | 'owner'

/** A shared experiment. `sharedId` is what it goes by in all stores. */
export interface Room {
  readonly sharedId: SharedId
  readonly experimentId: ExperimentId
  readonly role: RoomRole
  /** The address of the host it is shared through; `''` when this is that host, and for one that came as a file. */
  readonly host: string
  /** Whether facts were made of all that was there before. */
  readonly isWhole: boolean
}

const rowToRoom = (row: Selectable<RoomsTable>): Room => ({
  sharedId: row.room as SharedId,
  experimentId: String(row.experiment_id) as ExperimentId,
  role: row.role as RoomRole,
  host: row.host,
  isWhole: row.is_whole === 1
})

export async function listRooms(r: Reader): Promise<Room[]> {
  const rows = await r.db
    .selectFrom('runnel_rooms')
    .selectAll()
    .where('experiment_id', 'is not', null)
    .orderBy('room')
    .execute()
  return rows.map(rowToRoom)
}

export async function findRoom(r: Reader, id: SharedId): Promise<Room | null> {
  const row = await r.db
    .selectFrom('runnel_rooms')
    .selectAll()
    .where('room', '=', id)
    .where('experiment_id', 'is not', null)
    .executeTakeFirst()
  return row ? rowToRoom(row) : null
}

export async function roomOfExperiment(r: Reader, id: ExperimentId): Promise<Room | null> {
  const row = await r.db
    .selectFrom('runnel_rooms')
    .selectAll()
    .where('experiment_id', '=', Number(id))
    .executeTakeFirst()
  return row ? rowToRoom(row) : null
}

/** By experiment. */
export async function roomsByExperiment(r: Reader): Promise<Map<ExperimentId, Room>> {
  return new Map((await listRooms(r)).map((room) => [room.experimentId, room]))
}

/** Known while nothing is shared, so that whoever shares nothing is asked nothing. */
const NOTHING_SHARED = 'nothing is shared'

/** Of experiments. */
export async function isAnythingShared(tx: Tx): Promise<boolean> {
  if (tx.known.has(NOTHING_SHARED)) return false
  const row = await tx.db
    .selectFrom('runnel_rooms')
    .select('room')
    .where('experiment_id', 'is not', null)
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) tx.known.add(NOTHING_SHARED)
  return row !== undefined
}

export async function addRoom(tx: Tx, { sharedId, experimentId, role, host, isWhole }: Room): Promise<void> {
  await tx.db
    .insertInto('runnel_rooms')
    .values({
      room: sharedId,
      experiment_id: Number(experimentId),
      role,
      host,
      created_time: tx.now,
      is_whole: isWhole ? 1 : 0
    })
    .execute()
  tx.known.forget(NOTHING_SHARED)
  tx.changes.add('room', { experiment: experimentId })
}

export async function updateRoom(
  tx: Tx,
  { sharedId, experimentId }: Pick<Room, 'sharedId' | 'experimentId'>,
  change: Partial<Pick<Room, 'role' | 'host' | 'isWhole'>>
): Promise<void> {
  const { isWhole, ...rest } = change
  await tx.db
    .updateTable('runnel_rooms')
    .set({ ...rest, ...(isWhole !== undefined && { is_whole: isWhole ? 1 : 0 }) })
    .where('room', '=', sharedId)
    .execute()
  tx.changes.add('room', { experiment: experimentId })
}

/** Every store has an experiment 0, so it goes by another number elsewhere. */
export const sharedIdFor = (id: ExperimentId): SharedId =>
  (id === DEFAULT_EXPERIMENT_ID ? newExperimentId() : id) as string as SharedId

/** The host has all that this store said up to a time. */
export async function noteSynced(tx: Tx, id: SharedId, hlc: Hlc): Promise<void> {
  await tx.db.updateTable('runnel_rooms').set({ synced_hlc: hlc }).where('room', '=', id).execute()
}

export async function syncedUpTo(r: Reader, id: SharedId): Promise<Hlc> {
  const row = await r.db.selectFrom('runnel_rooms').select('synced_hlc').where('room', '=', id).executeTakeFirst()
  return row?.synced_hlc ?? 0
}

/** Subjects of a room of which this store said something after a time. */
export async function saidSince(r: Reader, id: SharedId, hlc: Hlc): Promise<Subject[]> {
  const { rows } = await sql<{ subject: Subject }>`select subject from runnel_subjects where room = ${id} and (
    exists (select 1 from runnel_outbox o where o.subject = runnel_subjects.subject and o.hlc > ${hlc})
    or exists (select 1 from runnel_facts f where f.subject = runnel_subjects.subject and f.writer in (select writer from runnel_writers) and f.hlc > ${hlc}))`.execute(
    r.db
  )
  return rows.map(({ subject }) => subject)
}

/** A shared experiment is gone from this store for good: what was said of it goes, too. It may be joined again. None is fine. */
export async function forgetRoom(tx: Tx, id: ExperimentId): Promise<void> {
  const room = await roomOfExperiment(tx, id)
  if (room === null) return
  const subjects = await subjectsOfRoom(tx, room.sharedId)
  await deleteFacts(tx, subjects)
  for (const part of chunks(subjects)) await tx.db.deleteFrom('runnel_stood').where('subject', 'in', part).execute()
  for (const table of ['runnel_subjects', 'runnel_stood', 'runnel_note_docs', 'runnel_rooms'] as const)
    await tx.db.deleteFrom(table).where('room', '=', room.sharedId).execute()
  tx.changes.add('room', { experiment: id })
}
