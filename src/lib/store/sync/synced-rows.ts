/** Up to when hosts have what this store said. */
import type { Hlc } from '#lib/domain/sync/clock.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import { chunks } from '../chunks.ts'
import type { Reader, Tx } from '../database.ts'

/** Of some subjects, where their rooms are followed. */
export async function syncedBySubject(r: Reader, subjects: readonly Subject[]): Promise<Map<Subject, Hlc>> {
  const synced = new Map<Subject, Hlc>()
  for (const part of chunks(subjects)) {
    const rows = await r.db
      .selectFrom('runnel_subjects')
      .innerJoin('runnel_rooms', 'runnel_rooms.room', 'runnel_subjects.room')
      .select(['runnel_subjects.subject', 'runnel_rooms.synced_hlc'])
      .where('runnel_subjects.subject', 'in', part)
      .execute()
    for (const { subject, synced_hlc } of rows) synced.set(subject as Subject, synced_hlc)
  }
  return synced
}

/** What was said after a time is said again, and no host has that yet. */
export async function forgetSyncedAfter(tx: Tx, hlc: Hlc): Promise<void> {
  await tx.db.updateTable('runnel_rooms').set({ synced_hlc: 0 }).where('synced_hlc', '>', hlc).execute()
}
