import { SYNC } from '#lib/domain/limits.ts'
import type { Facts } from '#lib/domain/sync/facts.ts'
import type { HybridClock } from '#lib/domain/sync/clock.ts'
import { chunks } from '../chunks.ts'
import type { Tx } from '../database.ts'
import type { Store } from '../store.ts'
import { factsOf, latestHlc, latestInOutbox } from './fact-rows.ts'
import { sayAnew, subjectsSaid } from './new-writer.ts'
import { findWriter, ownWriters } from './replica.ts'

/**
 * This store's clock was ahead, and a host has set it right: what it said at times to come is said now, in the order it was said, under a new
 * name, as a copy of this store may do the same. Nobody else has heard of it: nobody takes facts of times to come. Returns whether there was
 * any.
 */
export async function restampAhead(store: Store): Promise<boolean> {
  const { clock } = store.replica
  if (!clock.isAhead(clock.last, SYNC.aheadMs)) return false
  await store.write(async (tx) => {
    tx.isMerge = true
    const names = await ownWriters(tx)
    const times = timesAhead(clock, await factsSaid(tx))
    // Frames of points alone have a time, too.
    const isSaid = times.length > 0 || clock.isAhead(await latestInOutbox(tx), SYNC.aheadMs)
    clock.resetTo(0)
    const settled = new Map(times.map((time) => [time, clock.next()]))
    if (isSaid) await sayAnew(tx, names, (hlc) => settled.get(hlc) ?? hlc)
  })
  const latest = await store.read(latestHlc)
  // Others' times to come, taken while this clock was ahead, do not carry it there: whoever changes such a cell says so later by itself.
  if (!clock.isAhead(latest, SYNC.aheadMs)) clock.see(latest)
  return true
}

/** By this store, under any of its names. */
async function factsSaid(tx: Tx): Promise<Facts[]> {
  const [self, names] = [await findWriter(tx), await ownWriters(tx)]
  const found: Facts[] = []
  for (const part of chunks(await subjectsSaid(tx, names)))
    for (const { all } of (await factsOf(tx, self, part)).values())
      found.push(...all.filter(({ writer }) => names.has(writer)).map(({ facts }) => facts))
  return found
}

/** Each once, the earliest first. */
function timesAhead(clock: HybridClock, all: readonly Facts[]): number[] {
  const times = new Set(all.flatMap(({ cells }) => cells.map(({ hlc }) => hlc)))
  return [...times].filter((hlc) => clock.isAhead(hlc, SYNC.aheadMs)).sort((a, b) => a - b)
}
