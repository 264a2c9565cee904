/**
 * A host whose clock was ahead when it ran last, and is right now.
 *
 *   each room's document ─► the store has all of it ─► the document again, without what is of times to come ─► all of that said anew, at last
 *
 * Its rooms hold what was said then, by the host and by all who went by its clock, and nobody takes it before its time has come. A host is where
 * everything is that was acknowledged, so it says all of it again in its own name (`restampAhead`), whoever said it. That is done last: until
 * then the store holds it under the old names, and a start that ends in between begins again.
 */
import * as Y from 'yjs'
import { SYNC } from '#lib/domain/limits.ts'
import { msOfHlc, type Hlc } from '#lib/domain/sync/clock.ts'
import type { Subject, Writer } from '#lib/domain/sync/facts.ts'
import { REGISTRY, type SharedId } from '#lib/domain/sync/subject.ts'
import type { Store } from '#lib/store/store.ts'
import { seqsOfSubjects } from '#lib/store/sync/fact-rows.ts'
import { whollyHere } from '#lib/store/sync/publication.ts'
import { findWriter } from '#lib/store/sync/replica.ts'
import { restampAhead } from '#lib/store/sync/restamp.ts'
import { listRooms } from '#lib/store/sync/rooms.ts'
import { roomName } from '#lib/sync/agreement.ts'
import { RoomDoc } from '#lib/sync/room-doc.ts'
import { nextEpoch, type RoomLog } from '../relay/room-log.ts'
import { bringTogether, lastsOf } from './room-seed.ts'

export interface TimesAheadParts {
  readonly store: Store
  /** Of rooms that are not open. */
  readonly log: RoomLog
  readonly space: string
}

/** Before anybody is let in, and before the store says anything. Does nothing where nothing is ahead. Fails as the store and the log do. */
export async function settleTimesAhead({ store, log, space }: TimesAheadParts): Promise<void> {
  const { clock } = store.replica
  const { last } = clock
  if (!clock.isAhead(last, SYNC.aheadMs)) return
  const hours = Math.round((msOfHlc(last) - store.now()) / 3_600_000)
  if (clock.isAhead(last, SYNC.restampMs))
    return console.error(
      `Runnel: what was said last in this store is ${hours} hours ahead of this host's clock, which is taken to be wrong: set it right, and start the host again.`
    )
  const horizon = clock.horizon(SYNC.aheadMs)
  const rooms = [
    { name: roomName('g', space), id: REGISTRY },
    ...(await store.read(listRooms)).map(({ sharedId }) => ({ name: roomName('x', sharedId), id: sharedId }))
  ]
  // While they are read it is the time that they were written at: the store takes all of it.
  clock.correct(msOfHlc(last) + 1)
  try {
    for (const { name, id } of rooms) await settleRoom({ store, log, name, id, horizon })
  } finally {
    clock.correct(store.now())
  }
  await restampAhead(store, 'say')
  console.warn(
    `Runnel: this host's clock was ahead, by ${hours} hours at the most. What was said meanwhile was said again, as of now.`
  )
}

interface RoomToSettle {
  readonly store: Store
  readonly log: RoomLog
  readonly name: string
  readonly id: SharedId
  readonly horizon: Hlc
}

async function settleRoom({ store, log, name, id, horizon }: RoomToSettle): Promise<void> {
  const kept = await log.read(name)
  if (kept === null) return
  const [old, fresh] = [new Y.Doc(), new Y.Doc()]
  try {
    for (const update of [kept.snapshot, ...kept.updates]) if (update !== null) Y.applyUpdate(old, update)
    const from = new RoomDoc(old)
    if (![...from.subjects()].some((subject) => writersAfter(from, subject, horizon).size > 0)) return
    await bringTogether(store, id, from)
    await copyInTime(store, from, new RoomDoc(fresh), horizon)
    await log.begin(name, nextEpoch(kept.epoch, store.now()), Y.encodeStateAsUpdate(fresh))
  } finally {
    old.destroy()
    fresh.destroy()
  }
}

/** All but what is of times to come: that is in the store. What could not be merged is kept as it stands. */
async function copyInTime(store: Store, from: RoomDoc, to: RoomDoc, horizon: Hlc): Promise<void> {
  const subjects = [...from.subjects()]
  const { seqs, whole } = await store.read(async (r) => ({
    seqs: await seqsOfSubjects(r, await findWriter(r), subjects),
    // Of what waits for a blob the store cannot say all.
    whole: new Set(await whollyHere(r, subjects))
  }))
  to.doc.transact(() => {
    for (const subject of subjects) {
      const after = writersAfter(from, subject, horizon)
      const here = whole.has(subject) ? seqs.get(subject) : undefined
      for (const [writer, last] of lastsOf(from, subject))
        if (!after.has(writer) || (here?.get(writer) ?? 0) < last) to.copy(from, subject, writer)
    }
  })
}

/** Who said something of a subject at times to come. */
function writersAfter(doc: RoomDoc, subject: Subject, horizon: Hlc): Set<Writer> {
  const ahead = doc.entriesOf(subject).filter(({ header }) => header.hlc > horizon)
  return new Set(ahead.map(({ writer }) => writer))
}
