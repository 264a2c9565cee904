/**
 * The index of a space: which experiments there are, for the owner's own pages, which follow all of them. Somebody is there who wants them, so
 * they are shared from then on; what a host is never asked for costs it nothing.
 */
import type * as Y from 'yjs'
import type { Store } from '#lib/store/store.ts'
import { experimentSummaries } from '#lib/store/experiments.ts'
import { roomsByExperiment } from '#lib/store/sync/rooms.ts'
import { shareExperiment } from '#lib/store/sync/sharing.ts'
import { ROOTS, type IndexEntry } from '#lib/sync/agreement.ts'

/** Keep the document's list what the store's is, until the function that is returned is called. */
export async function followExperiments(store: Store, doc: Y.Doc): Promise<() => Promise<void>> {
  const list = doc.getMap<string>(ROOTS.experiments)
  let isOver = false
  let isDue = true
  let working: Promise<void> = Promise.resolve()
  const bring = async (): Promise<void> => {
    if (!isDue || isOver) return
    isDue = false
    const active = await store.read((r) => experimentSummaries(r, 'ACTIVE_ONLY'))
    for (const { experimentId, runCount } of active) {
      const known = (await store.read(roomsByExperiment)).get(experimentId)
      // The Default experiment is everywhere, and empty in most places.
      if (known?.isWhole || (known === undefined && experimentId === '0' && runCount === 0)) continue
      await shareExperiment(store, experimentId, '')
      if (isOver) return
    }
    const rooms = await store.read(roomsByExperiment)
    doc.transact(() => {
      const there = new Set<string>()
      for (const { experimentId, name } of active) {
        const room = rooms.get(experimentId)
        if (room === undefined) continue
        there.add(room.sharedId)
        const entry = JSON.stringify({ name, number: experimentId } satisfies IndexEntry)
        if (list.get(room.sharedId) !== entry) list.set(room.sharedId, entry)
      }
      for (const id of [...list.keys()]) if (!there.has(id)) list.delete(id)
    })
  }
  const schedule = (): void => {
    isDue = true
    working = working
      .then(bring)
      .catch((error: unknown) => console.error('Runnel: the index of a space is behind.', error))
  }
  const unsubscribe = store.changes.subscribe(({ kinds }) => {
    if (kinds.has('experiment') || kinds.has('room') || kinds.has('run')) schedule()
  })
  await bring()
  return async () => {
    isOver = true
    unsubscribe()
    await working
  }
}
