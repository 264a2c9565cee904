import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { Reader, Tx } from '../database.ts'
import type { NoteOf } from './note-tags.ts'

/** The notes of a shared experiment as a document. */
export interface KeptNotes {
  /** A Yjs update: all of it. */
  readonly state: Uint8Array
  /** Notes whose run is not here, so that no tag says them. */
  readonly absent: readonly NoteOf[]
}

/** As it was last kept; null when it never was. */
export async function readNoteDoc(r: Reader, room: SharedId): Promise<KeptNotes | null> {
  const row = await r.db.selectFrom('runnel_note_docs').selectAll().where('room', '=', room).executeTakeFirst()
  return row === undefined ? null : { state: row.state, absent: JSON.parse(row.absent) as NoteOf[] }
}

export async function writeNoteDoc(tx: Tx, room: SharedId, { state, absent }: KeptNotes): Promise<void> {
  await tx.db
    .replaceInto('runnel_note_docs')
    .values({ room, state, absent: JSON.stringify(absent) })
    .execute()
}
