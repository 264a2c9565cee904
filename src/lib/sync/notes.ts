/**
 * The notes of an experiment and its runs as a document, and as the tags MLflow keeps them in (`mlflow.note.content`).
 *
 *   document ─► tag, a moment after somebody typed           tag set by a program ─► what differs becomes typing
 *
 * The document is what is edited; a tag is its copy. The store keeps the document as it was when its tags were last as it says: the base. A
 * tag that says something else was set by somebody, whether anybody looked or not, and what that changed is typed into the base, so that it
 * comes together with what others typed since.
 *
 * Invariants
 * - Tags and the base are written in one transaction, and no tag is overwritten that somebody set meanwhile.
 * - What a tag said is in the base before anybody hears of it: whoever is interrupted does not type it twice.
 * - A document without a base is begun from tags once, by whoever owns the experiment: two who began it would both type the same text.
 */
import * as Y from 'yjs'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { cutText } from '#lib/domain/text.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { Change } from '#lib/store/changes.ts'
import type { Reader, Tx } from '#lib/store/database.ts'
import type { Store } from '#lib/store/store.ts'
import { noteTagsAmong, noteTagsOf, putNoteTag, type NoteOf } from '#lib/store/sync/note-tags.ts'
import { readNoteDoc, writeNoteDoc, type KeptNotes } from '#lib/store/sync/note-docs.ts'
import { findRoom } from '#lib/store/sync/rooms.ts'
import { noteOf, noteRoot } from './agreement.ts'
import { later, type Later } from './later.ts'

export interface NotesOptions {
  readonly store: Store
  readonly room: SharedId
  readonly doc: Y.Doc
  /** Whether tags that were there before the document begin it. */
  readonly begins: boolean
  readonly mayWrite: boolean
  /** Timers, but for tests. */
  readonly later?: Later
}

/** How long typing is gathered before it becomes a tag. */
const GATHER_MS = 400

export class Notes {
  readonly #options: NotesOptions
  readonly #store: Store
  readonly #doc: Y.Doc
  /** The document as it was when tags were last as it says. */
  readonly #base = new Y.Doc()
  /** What tags said then. */
  readonly #known = new Map<NoteOf, string>()
  readonly #typed = new Set<NoteOf>()
  /** Typed notes of runs that are not here yet. */
  #absent = new Set<NoteOf>()
  readonly #unsubscribe: (() => void)[] = []
  readonly #later: Later
  #cancel: (() => void) | null = null
  #work: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: NotesOptions) {
    this.#options = options
    this.#store = options.store
    this.#doc = options.doc
    this.#later = options.later ?? later
  }

  /** Once the document holds what others have typed. */
  async start(): Promise<void> {
    const { store, room } = this.#options
    const kept = await store.read((r) => readNoteDoc(r, room))
    const tags = (await this.#read((r, id) => noteTagsOf(r, id))) ?? new Map<NoteOf, string>()
    if (kept === null) this.#begin(tags)
    else this.#goOn(kept)
    const all = new Set([...tags.keys(), ...this.#known.keys(), ...this.#absent, ...notesIn(this.#doc)])
    const onTransaction = (transaction: Y.Transaction): void => {
      for (const type of transaction.changed.keys()) this.#noteTyped(rootNameOf(this.#doc, type))
    }
    this.#doc.on('afterTransaction', onTransaction)
    this.#unsubscribe.push(
      () => this.#doc.off('afterTransaction', onTransaction),
      this.#store.changes.subscribe((change) => this.#onCommit(change))
    )
    await this.#do(() => this.#level([...all], 'base'))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#cancel?.()
    await this.flush()
    this.#base.destroy()
  }

  /** Write what was typed to its tags. Never fails. */
  flush(): Promise<void> {
    this.#cancel = null
    return this.#do(() => (this.#typed.size === 0 ? Promise.resolve() : this.#level([], 'doc')))
  }

  /** One after another. Never fails. */
  #do(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work
      .then(work)
      .catch((error: unknown) => console.warn('Runnel: a note and its tag could not be made one.', error))
    return this.#work
  }

  #begin(tags: ReadonlyMap<NoteOf, string>): void {
    for (const [of, text] of tags) {
      this.#known.set(of, text)
      const note = this.#doc.getText(noteRoot(of))
      if (this.#options.begins && this.#options.mayWrite && note.length === 0 && text !== '')
        this.#doc.transact(() => note.insert(0, text), this)
    }
  }

  #goOn({ state, absent }: KeptNotes): void {
    Y.applyUpdate(this.#base, state)
    // A room whose log was lost has it again from here.
    Y.applyUpdate(this.#doc, state, this)
    for (const of of absent) this.#absent.add(of)
    for (const of of notesIn(this.#base)) if (!this.#absent.has(of)) this.#known.set(of, noteIn(this.#base, of))
  }

  #noteTyped(root: string | null): void {
    const of = root === null ? null : noteOf(root)
    if (of === null) return
    this.#typed.add(of as NoteOf)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#typed.size > 0 && !this.#isClosed) this.#cancel ??= this.#later(() => void this.flush(), GATHER_MS)
  }

  #onCommit({ kinds, runs, experiments }: Change): void {
    if (kinds.has('run')) {
      for (const of of this.#absent) if (runs.has(of as RunId)) this.#typed.add(of)
      this.#schedule()
    }
    if (!kinds.has('tag') && !kinds.has('experiment')) return
    const touched: NoteOf[] = [...runs, ...(experiments.size > 0 ? (['exp'] as const) : [])]
    void this.#do(async () => {
      if (this.#isClosed) return
      const set = await this.#read((r, id) => this.#setIn(r, id, touched))
      if (set !== null && set.size > 0) await this.#level([...set.keys()], 'doc')
    })
  }

  /** Of some notes, the tags that somebody set. */
  async #setIn(r: Reader, id: ExperimentId, all: readonly NoteOf[]): Promise<Map<NoteOf, string>> {
    const set = new Map<NoteOf, string>()
    for (const [of, tag] of await noteTagsAmong(r, id, all)) {
      // One of a run that has only just come, and has no tag, is behind what was typed of it.
      if (tag !== null && tag !== (this.#known.get(of) ?? '') && !(tag === '' && this.#absent.has(of))) set.set(of, tag)
    }
    return set
  }

  /**
   * Make document, tags and base say the same of some notes, and of all that were typed.
   *
   * What a program set is typed into the document as it is; into the base where nobody looked when it was set: others may have typed since.
   */
  async #level(some: readonly NoteOf[], into: 'doc' | 'base'): Promise<void> {
    const typed = new Set([...this.#typed, ...some])
    this.#typed.clear()
    // As it is now: what is typed from here on is typed for the next time.
    const now = Y.encodeStateAsUpdate(this.#doc)
    const draft = new Y.Doc()
    try {
      Y.applyUpdate(draft, Y.encodeStateAsUpdate(this.#base))
      const level = await this.#store.write(async (tx) => {
        const room = await findRoom(tx, this.#options.room)
        if (room === null) return null
        // The document tells it.
        tx.isMerge = true
        const set = await this.#setIn(tx, room.experimentId, [...typed])
        if (into === 'doc') Y.applyUpdate(draft, now)
        const before = Y.encodeStateVector(draft)
        if (this.#options.mayWrite)
          draft.transact(() => {
            for (const [of, tag] of set) typeDifference(draft.getText(noteRoot(of)), this.#known.get(of) ?? '', tag)
          })
        const edits = Y.encodeStateAsUpdate(draft, before)
        if (into === 'base') Y.applyUpdate(draft, now)
        const { texts, absent } = await putTags(tx, room.experimentId, typed, draft)
        for (const of of this.#absent) if (!typed.has(of)) absent.add(of)
        await writeNoteDoc(tx, this.#options.room, { state: Y.encodeStateAsUpdate(draft), absent: [...absent] })
        return { edits, texts, absent }
      })
      if (level === null) return
      Y.applyUpdate(this.#base, Y.encodeStateAsUpdate(draft, Y.encodeStateVector(this.#base)))
      this.#absent = level.absent
      for (const of of level.absent) this.#known.delete(of)
      for (const [of, text] of level.texts) this.#known.set(of, text)
      Y.applyUpdate(this.#doc, level.edits, this)
    } catch (error) {
      for (const of of typed) this.#typed.add(of)
      throw error
    } finally {
      draft.destroy()
    }
  }

  #read<T>(fn: (r: Reader, id: ExperimentId) => Promise<T>): Promise<T | null> {
    return this.#store.read(async (r) => {
      const room = await findRoom(r, this.#options.room)
      return room === null ? null : fn(r, room.experimentId)
    })
  }
}

/** Let tags say what the document does. Returns what they say, and the notes whose run is not here: it is told in another room, and may come. */
async function putTags(tx: Tx, id: ExperimentId, all: Iterable<NoteOf>, doc: Y.Doc) {
  const texts = new Map<NoteOf, string>()
  const absent = new Set<NoteOf>()
  for (const [of, tag] of await noteTagsAmong(tx, id, all)) {
    const text = noteIn(doc, of)
    if (tag === null) absent.add(of)
    else {
      if (tag !== text) await putNoteTag(tx, id, of, text)
      texts.set(of, text)
    }
  }
  return { texts, absent }
}

const notesIn = (doc: Y.Doc): NoteOf[] => [...doc.share.keys()].flatMap((root) => (noteOf(root) as NoteOf | null) ?? [])

/** As its tag can hold it. */
const noteIn = (doc: Y.Doc, of: NoteOf): string => cutNote(of, doc.getText(noteRoot(of)).toJSON())

const cutNote = (of: NoteOf, text: string): string =>
  cutText(text, of === 'exp' ? LIMITS.experimentTagValueLength : LIMITS.tagValueLength)

/** Type what makes `after` of `before`: one piece, as what somebody sets at once mostly differs in one. */
function typeDifference(note: Y.Text, before: string, after: string): void {
  const now = note.toJSON()
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++
  // What others typed meanwhile and the tag did not have yet: where the piece no longer fits, the whole text is what was set.
  const [from, to] = now === before ? [start, before.length - end] : [0, now.length]
  const text = now === before ? after.slice(start, after.length - end) : after
  if (to > from) note.delete(from, to - from)
  if (text !== '') note.insert(from, text)
}

function rootNameOf(doc: Y.Doc, type: unknown): string | null {
  for (const [name, root] of doc.share) if (root === type) return name
  return null
}
