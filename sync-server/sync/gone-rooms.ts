import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { Store } from '#lib/store/store.ts'
import { listRooms } from '#lib/store/sync/rooms.ts'
import { roomName } from '#lib/sync/agreement.ts'
import type { Relay } from '../relay/relay.ts'

/**
 * An experiment that is gone from a host for good takes its rooms along: nothing of it is told to whoever joins one of that number later, and
 * nothing of it stays on the disk. Resolves once it is watched for.
 */
export async function removeGoneRooms(store: Store, relay: Relay): Promise<void> {
  const roomsNow = async (): Promise<Set<SharedId>> =>
    new Set((await store.read(listRooms)).map(({ sharedId }) => sharedId))
  let known = await roomsNow()
  let looking = Promise.resolve()
  const look = async (): Promise<void> => {
    const before = known
    known = await roomsNow()
    for (const id of before)
      if (!known.has(id)) await Promise.all([relay.remove(roomName('x', id)), relay.remove(roomName('n', id))])
  }
  store.changes.subscribe(({ kinds }) => {
    if (!kinds.has('room')) return
    looking = looking.then(look).catch((error: unknown) => {
      console.error('Runnel: the rooms of an experiment that is gone could not be removed.', error)
    })
  })
}
