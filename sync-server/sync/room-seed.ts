/**
 * A room of facts that begins again: what a store has of it, written anew.
 *
 *   old document ─► the store merges what it lacks ─► its records, in the new document
 *               └─► as it stands, what the store could not merge
 *
 * Nothing that was said is lost by it: of each subject and writer the new document says as much as the old one, and no less than the store.
 */
import type * as Y from 'yjs'
import { SYNC } from '#lib/domain/limits.ts'
import type { Subject, Writer } from '#lib/domain/sync/facts.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import { seqsOfSubjects, subjectsOfRoom } from '#lib/store/sync/fact-rows.ts'
import { recordsOf, whollyHere } from '#lib/store/sync/publication.ts'
import { findWriter } from '#lib/store/sync/replica.ts'
import type { Store } from '#lib/store/store.ts'
import { Replicator } from '#lib/sync/replicator.ts'
import { RoomDoc } from '#lib/sync/room-doc.ts'

/** Write what a room says now into a new document. Fails as the store does; the old one is good then. */
export async function seedRoom(store: Store, room: SharedId, fresh: Y.Doc, old: Y.Doc): Promise<void> {
  const [from, to] = [new RoomDoc(old), new RoomDoc(fresh)]
  await bringTogether(store, room, from)
  const subjects = [...new Set([...(await store.read((r) => subjectsOfRoom(r, room))), ...from.subjects()])]
  for (let next = 0; next < subjects.length; next += SYNC.mergeSubjects)
    await seedSome(store, subjects.slice(next, next + SYNC.mergeSubjects), from, to)
}

/** What the members said last may not be in the store yet, nor what the store said last in the document. */
export async function bringTogether(store: Store, room: SharedId, doc: RoomDoc): Promise<void> {
  const replicator = new Replicator({ store, room, doc, mayWrite: true })
  await replicator.start()
  await replicator.close()
}

async function seedSome(store: Store, subjects: readonly Subject[], from: RoomDoc, to: RoomDoc): Promise<void> {
  const { seqs, whole } = await store.read(async (r) => ({
    seqs: await seqsOfSubjects(r, await findWriter(r), subjects),
    whole: new Set(await whollyHere(r, subjects))
  }))
  // What waits for a blob is not in the store's records.
  const isHere = (subject: Subject, writer: Writer): boolean =>
    whole.has(subject) && (seqs.get(subject)?.get(writer) ?? 0) >= (lastsOf(from, subject).get(writer) ?? 0)
  const records = await recordsOf(store, subjects, isHere)
  // What was read may be lost yet, and its numbers given to something else.
  await store.write(() => Promise.resolve())
  to.doc.transact(() => {
    const said = new Set<string>()
    for (const { subject, writer, facts } of records)
      if (to.putRecord(subject, writer, facts) !== null) said.add(`${subject}:${writer}`)
    for (const subject of subjects)
      for (const writer of lastsOf(from, subject).keys())
        if (!said.has(`${subject}:${writer}`)) to.copy(from, subject, writer)
  })
  await new Promise((resolve) => setTimeout(resolve, 0))
}

/** The last fact of each writer that a document has, though some before it be missing. */
export function lastsOf(doc: RoomDoc, subject: Subject): Map<Writer, number> {
  const lasts = new Map<Writer, number>()
  for (const { writer, header } of doc.entriesOf(subject))
    lasts.set(writer, Math.max(lasts.get(writer) ?? 0, header.to))
  return lasts
}
