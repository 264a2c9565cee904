import { basename, dirname, extname, join } from 'node:path'
import type { Store } from '#lib/store/store.ts'
import type { StorePlace } from '../config.ts'
import { LateRoomLog } from '../relay/late-room-log.ts'
import { Relay } from '../relay/relay.ts'
import type { RoomBounds } from '../relay/room-history.ts'
import { SqliteRoomLog } from '../relay/sqlite-room-log.ts'
import { storeId } from '../store/store-place.ts'
import { RoomKeeper } from './room-keeper.ts'

export interface OpenRooms {
  readonly relay: Relay
  /** Hear when somebody came to a room, moved or left. */
  readonly onPresence: (listener: () => void) => void
}

export interface OpenRoomsParts {
  readonly store: Store
  readonly place: Pick<StorePlace, 'databaseFile'>
  /** SYNC's unless said. */
  readonly bounds?: RoomBounds | undefined
  /** The disk keeps nothing any more: the host is to end. */
  readonly onFailure: (reason: string) => void
}

/** A host's rooms, kept in `<name>.sync.db` beside its database. */
export async function openRooms({ store, place, bounds, onFailure }: OpenRoomsParts): Promise<OpenRooms> {
  const name = basename(place.databaseFile, extname(place.databaseFile))
  const file = join(dirname(place.databaseFile), `${name}.sync.db`)
  const keeper = new RoomKeeper(store, await storeId(store))
  const listeners = new Set<() => void>()
  const relay = new Relay({
    log: new LateRoomLog(() => SqliteRoomLog.open({ file, onFailure: ({ message }) => onFailure(message) })),
    exists: (room) => keeper.exists(room),
    prepare: (room) => keeper.prepare(room),
    seedOf: (room) => keeper.seedOf(room),
    bounds,
    clock: store.now,
    onPresence: () => {
      for (const listener of listeners) listener()
    }
  })
  return { relay, onPresence: (listener) => void listeners.add(listener) }
}
