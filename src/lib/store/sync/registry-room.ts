/** How a store's model registry is shared: it has one, which stands beside the rooms of experiments as a room of no experiment. */
import { REGISTRY } from '#lib/domain/sync/subject.ts'
import type { Reader, Tx } from '../database.ts'
import type { RoomRole } from './rooms.ts'

export interface RegistryRoom {
  readonly role: RoomRole
  /** The address of the host it is shared through; `''` when this is that host, and for one that came as a file. */
  readonly host: string
  /** Whether facts were made of all that was there before. */
  readonly isWhole: boolean
  /** Whether this store is the host that gives numbers to versions. */
  readonly givesNumbers: boolean
}

/** null while nobody shares it. */
export async function findRegistryRoom(r: Reader): Promise<RegistryRoom | null> {
  const row = await r.db.selectFrom('runnel_rooms').selectAll().where('room', '=', REGISTRY).executeTakeFirst()
  if (row === undefined) return null
  return {
    role: row.role as RoomRole,
    host: row.host,
    isWhole: row.is_whole === 1,
    givesNumbers: row.gives_numbers === 1
  }
}

export async function putRegistryRoom(tx: Tx, { role, host, isWhole, givesNumbers }: RegistryRoom): Promise<void> {
  const columns = { role, host, is_whole: isWhole ? 1 : 0, gives_numbers: givesNumbers ? 1 : 0 }
  await tx.db
    .insertInto('runnel_rooms')
    .values({ room: REGISTRY, experiment_id: null, created_time: tx.now, ...columns })
    .onConflict((conflict) => conflict.column('room').doUpdateSet(columns))
    .execute()
  tx.changes.add('room')
}

/** Whether the number a version takes here is its number from then on. */
export const givesNumbers = async (r: Reader): Promise<boolean> => (await findRegistryRoom(r))?.givesNumbers ?? false

/** Whether the number a version takes here is its number only once a host has given it. */
export const awaitsNumbers = async (r: Reader): Promise<boolean> => ((await findRegistryRoom(r))?.host ?? '') !== ''
