/** How a store's model registry becomes shared: by the host that keeps it, by a browser that follows that host, or as a file. */
import { sql } from 'kysely'
import type { ModelVersionId } from '#lib/domain/ids.ts'
import { SYNC } from '#lib/domain/limits.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import { modelVersionSubject, parseSubject, REGISTRY, registeredModelSubject } from '#lib/domain/sync/subject.ts'
import type { Reader, Tx } from '../database.ts'
import { WORKSPACE } from '../registry-rows.ts'
import type { Store } from '../store.ts'
import { captureUnsaidRegistered } from './capture-registry.ts'
import { subjectsInRoom } from './fact-rows.ts'
import { giveNumbers } from './merge-registry.ts'
import { findRegistryRoom, putRegistryRoom, type RegistryRoom } from './registry-room.ts'
import type { RoomRole } from './rooms.ts'

/** This store is a host, and others follow its registry: from here on it gives all numbers, and does so for those it has. */
export async function hostRegistry(store: Store): Promise<void> {
  await share(store, { role: 'owner', host: '', givesNumbers: true })
  await store.write((tx) => giveNumbers(tx, store.replica))
}

/** Follow the registry of a host: what is here joins what is there, and its numbers are the host's to give. */
export const followRegistry = (store: Store, role: RoomRole, host: string): Promise<void> =>
  share(store, { role, host, givesNumbers: false })

/** Keep facts of the registry, so that a file can say what changed since the last one. One that is shared already stays as it is. */
export async function trackRegistry(store: Store): Promise<void> {
  const known = await store.read(findRegistryRoom)
  await share(store, known ?? { role: 'owner', host: '', givesNumbers: false })
}

async function share(store: Store, how: Pick<RegistryRoom, 'role' | 'host' | 'givesNumbers'>): Promise<void> {
  const room = await store.write(async (tx) => {
    const known = await findRegistryRoom(tx)
    const room = { ...how, isWhole: known?.isWhole ?? false }
    if (known === null || !isSame(known, room)) await putRegistryRoom(tx, room)
    if (how.givesNumbers) await giveUnsaidNumbers(tx)
    return room
  })
  if (!room.isWhole) await sayTheRest(store)
}

const isSame = (a: RegistryRoom, b: RegistryRoom): boolean =>
  a.role === b.role && a.host === b.host && a.isWhole === b.isWhole && a.givesNumbers === b.givesNumbers

/** Of versions nobody has said anything of: it is said with the rest of them. */
async function giveUnsaidNumbers(tx: Tx): Promise<void> {
  await sql`update model_versions set runnel_assigned = version where workspace = ${WORKSPACE} and runnel_assigned is null
    and not exists (select 1 from runnel_subjects where subject = 'v' || runnel_id)`.execute(tx.db)
}

/** In parts, so that others have their turn; whoever is interrupted goes on later. */
async function sayTheRest(store: Store): Promise<void> {
  for (let isWhole = false; !isWhole;)
    isWhole = await store.write(async (tx) => {
      const unsaid = await unsaidOf(tx)
      await captureUnsaidRegistered(tx, store.replica, unsaid)
      const room = await findRegistryRoom(tx)
      if (unsaid.length === 0 && room !== null) await putRegistryRoom(tx, { ...room, isWhole: true })
      return unsaid.length === 0 || room === null
    })
}

/** Some registered models and versions that nobody has said anything of. */
async function unsaidOf(r: Reader): Promise<Subject[]> {
  const rows = await r.db.selectFrom('registered_models').select('name').where('workspace', '=', WORKSPACE).execute()
  // A name that is too long for a subject is told to nobody.
  const models = rows
    .map(({ name }) => registeredModelSubject(name))
    .filter((subject) => parseSubject(subject) !== null)
  const known = await subjectsInRoom(r, REGISTRY, models)
  const versions = await sql<{ id: string }>`select runnel_id as id from model_versions where workspace = ${WORKSPACE}
    and not exists (select 1 from runnel_subjects where subject = 'v' || runnel_id) limit ${SYNC.mergeSubjects}`.execute(
    r.db
  )
  return [
    ...models.filter((subject) => !known.has(subject)).slice(0, SYNC.mergeSubjects),
    ...versions.rows.map(({ id }) => modelVersionSubject(id as ModelVersionId))
  ]
}
