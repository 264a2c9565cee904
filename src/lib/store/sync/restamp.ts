/**
 * What was said at times to come, since a clock was ahead that is right now.
 *
 * Nobody takes it before that time has come, and then it would beat all that was said meanwhile. So it is said again, now, in the order it was
 * said, under a new name, as a copy of this store may do the same; under the old ones it is forgotten.
 */
import { SYNC } from '#lib/domain/limits.ts'
import type { WriterFacts } from '#lib/domain/sync/cells.ts'
import type { Hlc } from '#lib/domain/sync/clock.ts'
import type { Subject, Writer } from '#lib/domain/sync/facts.ts'
import { chunks } from '../chunks.ts'
import type { Tx } from '../database.ts'
import type { Store } from '../store.ts'
import { deleteRecords, factsOf, latestHlc, recordsAfter } from './fact-rows.ts'
import { sayAnew } from './new-writer.ts'
import { ownWriters, retireWriter } from './replica.ts'
import { forgetSyncedAfter, syncedBySubject } from './synced-rows.ts'

/**
 * Say again what this store said at times to come, but for what a host has: that says it again itself, and since then it may have been changed
 * there. Returns whether there was any.
 *
 * others  what becomes of what others said then, and this store took while its clock was ahead: `forget` where a host says it again, `say`
 *         for that host. Rows stay what they are, either way
 * fails   as Store.write does; nothing has another time then
 */
export async function restampAhead(store: Store, others: 'forget' | 'say' = 'forget'): Promise<boolean> {
  const { clock } = store.replica
  const { last } = clock
  if (!clock.isAhead(last, SYNC.aheadMs) || clock.isAhead(last, SYNC.restampMs)) return false
  const horizon = clock.horizon(SYNC.aheadMs)
  try {
    await store.write(async (tx) => {
      tx.isMerge = true
      // Rooms are opened beside one another, and another one may have been first.
      if (clock.last <= horizon) return
      // With its frames of points alone, which have a time, too.
      await retireWriter(tx)
      const ahead = await factsAfter(tx, horizon)
      await deleteRecords(tx, ahead)
      const names = await ownWriters(tx)
      const told = others === 'say' ? ahead : await untold(tx, ahead, names, horizon)
      await forgetSyncedAfter(tx, horizon)
      clock.resetTo(0)
      const settled = new Map(timesAfter(horizon, told).map((time) => [time, clock.next()]))
      await sayAnew(
        tx,
        Map.groupBy(told, ({ subject }) => subject),
        (hlc) => settled.get(hlc) ?? hlc
      )
    })
  } catch (error) {
    clock.resetTo(last)
    throw error
  }
  clock.see(await store.read(latestHlc))
  return true
}

type Told = WriterFacts & { readonly subject: Subject }

async function factsAfter(tx: Tx, horizon: Hlc): Promise<Told[]> {
  const after = Map.groupBy(await recordsAfter(tx, horizon), ({ subject }) => subject)
  const found: Told[] = []
  for (const part of chunks([...after.keys()]))
    for (const [subject, { all }] of await factsOf(tx, null, part)) {
      const writers = new Set<Writer>(after.get(subject)!.map(({ writer }) => writer))
      for (const one of all) if (writers.has(one.writer)) found.push({ subject, ...one })
    }
  return found
}

/** Of what this store said, all that no host has, and all points: whether those were acknowledged is not known, and twice they do no harm. */
async function untold(tx: Tx, all: readonly Told[], names: ReadonlySet<Writer>, horizon: Hlc): Promise<Told[]> {
  const own = all.filter(({ writer }) => names.has(writer))
  const synced = await syncedBySubject(
    tx,
    own.map(({ subject }) => subject)
  )
  return own.flatMap(({ facts, ...one }): Told | [] => {
    const upTo = synced.get(one.subject) ?? 0
    const cells = facts.cells.filter(({ hlc }) => hlc <= horizon || hlc > upTo)
    return cells.length + facts.series.length === 0 ? [] : { ...one, facts: { ...facts, cells } }
  })
}

/** Each once, the earliest first. */
function timesAfter(horizon: Hlc, told: readonly Told[]): Hlc[] {
  const times = new Set(told.flatMap(({ facts }) => facts.cells.map(({ hlc }) => hlc)))
  return [...times].filter((hlc) => hlc > horizon).sort((a, b) => a - b)
}
