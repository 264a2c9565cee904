import { basename, dirname, extname, join } from 'node:path'
import { SYNC } from '#lib/domain/limits.ts'
import { msOfHlc } from '#lib/domain/sync/clock.ts'
import type { Store } from '#lib/store/store.ts'
import type { StorePlace } from '../config.ts'
import { LateRoomLog } from '../relay/late-room-log.ts'
import { Relay } from '../relay/relay.ts'
import type { RoomBounds } from '../relay/room-history.ts'
import { SqliteRoomLog } from '../relay/sqlite-room-log.ts'
import { storeId } from '../store/store-place.ts'
import { removeGoneRooms } from './gone-rooms.ts'
import { RoomKeeper } from './room-keeper.ts'
import { settleTimesAhead } from './times-ahead.ts'

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
  const space = await storeId(store)
  const keeper = new RoomKeeper(store, space)
  const listeners = new Set<() => void>()
  const log = new LateRoomLog(() => SqliteRoomLog.open({ file, onFailure: ({ message }) => onFailure(message) }))
  await settleTimesAhead({ store, log, space }).catch((error: unknown) => {
    console.error('Runnel: what was said while the clock of this host was ahead could not be said again.', error)
  })
  noticeClockSetBack(store)
  const relay = new Relay({
    log,
    exists: (room) => keeper.exists(room),
    prepare: (room) => keeper.prepare(room),
    seedOf: (room) => keeper.seedOf(room),
    bounds,
    clock: store.now,
    onPresence: () => {
      for (const listener of listeners) listener()
    }
  })
  await removeGoneRooms(store, relay)
  return { relay, onPresence: (listener) => void listeners.add(listener) }
}

/** What a host says from then on is of times to come, too, as none of its times is before the last: only a start mends that. */
function noticeClockSetBack({ changes, replica: { clock }, now }: Store): void {
  const unsubscribe = changes.subscribe(() => {
    if (!clock.isAhead(clock.last, SYNC.aheadMs)) return
    unsubscribe()
    const hours = Math.round((msOfHlc(clock.last) - now()) / 3_600_000)
    console.error(
      `Runnel: the clock of this host was set back by ${hours} hours while it runs, and what it says is left by everybody until then. Start it again.`
    )
  })
}
