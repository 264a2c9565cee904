/** Notes' documents, kept for when the host cannot be reached: unlike facts, what was typed is nowhere else. */
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { Store } from '#lib/store/store.ts'
import { readNoteDoc } from '#lib/store/sync/note-docs.ts'

/** A Yjs update, as `Notes` kept it; null when none was kept. */
export const keptNotes = (store: Store, room: SharedId): Promise<Uint8Array | null> =>
  store.read(async (r) => (await readNoteDoc(r, room))?.state ?? null)
