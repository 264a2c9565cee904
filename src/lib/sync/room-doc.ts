/**
 * A room of facts as a Y document: who said what, by subject. docs/sync-protocol.md is its grammar.
 *
 *   f   `<subject>:<writer>` → record                    all a writer has said of a subject
 *       `<subject>:<writer>~<rescuer>` → record          the same, put back by somebody else after the room was lost
 *   t   `<subject>:<writer>` → array of frames           what it has said since
 *   s   hash → list of keys                              what records call their cells
 *
 * Every key has one who writes it, so nothing here is ever merged by Yjs: documents carry facts, stores join them.
 */
import * as Y from 'yjs'
import { RunnelError } from '#lib/domain/errors.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { decodeFacts, encodeFacts } from '#lib/domain/sync/facts-codec.ts'
import { factsHeader } from '#lib/domain/sync/facts-header.ts'
import type { Facts, FactsHeader, Subject, Writer } from '#lib/domain/sync/facts.ts'
import { keysHash, parseKeys, type KeyLists } from '#lib/domain/sync/key-lists.ts'
import { ROOTS } from './agreement.ts'

/** Encoded facts of one writer, as they stand in a document. */
export interface Entry {
  readonly subject: Subject
  readonly writer: Writer
  readonly header: FactsHeader
  readonly bytes: Uint8Array
}

interface Key {
  readonly subject: Subject
  readonly writer: Writer
  readonly rescuer: Writer | null
}

const KEY = /^([xrlmv][^:]{0,2400}):([\w-]{11})(?:~([\w-]{11}))?$/

export function parseKey(text: string): Key | null {
  const [, subject, writer, rescuer] = KEY.exec(text) ?? []
  if (subject === undefined || writer === undefined) return null
  return { subject: subject as Subject, writer: writer as Writer, rescuer: (rescuer as Writer | undefined) ?? null }
}

const keyOf = (subject: Subject, writer: Writer): string => `${subject}:${writer}`

export class RoomDoc {
  readonly doc: Y.Doc
  readonly #records: Y.Map<unknown>
  readonly #tails: Y.Map<unknown>
  readonly #lists: Y.Map<unknown>
  readonly #parsed = new Map<string, readonly string[]>()
  /** Keys of records and tails, by subject. */
  readonly #records_ = new Map<Subject, Set<string>>()
  readonly #tails_ = new Map<Subject, Set<string>>()
  readonly #onChange = new Set<(subjects: ReadonlySet<Subject>, origin: unknown) => void>()

  constructor(doc: Y.Doc) {
    this.doc = doc
    this.#records = doc.getMap(ROOTS.records)
    this.#tails = doc.getMap(ROOTS.tails)
    this.#lists = doc.getMap(ROOTS.keys)
    for (const key of this.#records.keys()) noteKey(this.#records_, key)
    for (const key of this.#tails.keys()) noteKey(this.#tails_, key)
    this.#records.observe((event) => this.#changed(event.keysChanged, this.#records_, event.transaction.origin))
    this.#tails.observeDeep((events, transaction) => {
      const keys = new Set<string>()
      for (const event of events) {
        if (event.target === this.#tails) for (const key of event.changes.keys.keys()) keys.add(key)
        else if (typeof event.path[0] === 'string') keys.add(event.path[0])
      }
      this.#changed(keys, this.#tails_, transaction.origin)
    })
  }

  /** Called after each transaction that touched facts, with its origin. */
  subscribe(listener: (subjects: ReadonlySet<Subject>, origin: unknown) => void): () => void {
    this.#onChange.add(listener)
    return () => this.#onChange.delete(listener)
  }

  subjects(): Set<Subject> {
    return new Set([...this.#records_.keys(), ...this.#tails_.keys()])
  }

  /** Whether anything is, or was, said of a subject. */
  has(subject: Subject): boolean {
    return this.#records_.has(subject) || this.#tails_.has(subject)
  }

  /** All subjects, in the order they are worth having in: the experiment itself, then what something was said of last. */
  newestFirst(): Subject[] {
    const dated = [...this.subjects()].map((subject) => ({ subject, at: this.#latestOf(subject) }))
    return dated.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).map(({ subject }) => subject)
  }

  #latestOf(subject: Subject): number {
    if (subject.startsWith('x')) return Infinity
    let latest = 0
    const see = (bytes: unknown): void => void (latest = Math.max(latest, headerOf(bytes)?.hlc ?? 0))
    for (const key of this.#records_.get(subject) ?? []) see(this.#records.get(key))
    for (const key of this.#tails_.get(subject) ?? []) {
      const tail = this.#tails.get(key)
      if (tail instanceof Y.Array && tail.length > 0) see(tail.get(tail.length - 1))
    }
    return latest
  }

  /** Everything said of a subject; what cannot be read is left out. */
  entriesOf(subject: Subject): Entry[] {
    const entries: Entry[] = []
    const add = (key: string, bytes: unknown) => {
      const parsed = parseKey(key)
      const header = bytes instanceof Uint8Array ? headerOf(bytes) : null
      if (parsed && header) entries.push({ subject, writer: parsed.writer, header, bytes: bytes as Uint8Array })
    }
    for (const key of this.#records_.get(subject) ?? []) add(key, this.#records.get(key))
    for (const key of this.#tails_.get(subject) ?? []) {
      const tail = this.#tails.get(key)
      if (tail instanceof Y.Array) for (const frame of tail) add(key, frame)
    }
    return entries
  }

  /** How many facts of each writer the document has of a subject, those that others put back among them. */
  seqsOf(subject: Subject): Map<Writer, number> {
    const seqs = new Map<Writer, number>()
    const inOrder = this.entriesOf(subject).sort((a, b) => a.header.from - b.header.from)
    for (const { writer, header } of inOrder) {
      const known = seqs.get(writer) ?? 0
      if (header.from <= known + 1 && header.to > known) seqs.set(writer, header.to)
    }
    return seqs
  }

  /** null when it cannot be read, or names a list of keys that has not come. */
  decode({ bytes }: Entry): Facts | null {
    try {
      return decodeFacts(bytes, this.lists)
    } catch (error) {
      if (error instanceof RunnelError) return null
      throw error
    }
  }

  readonly lists: KeyLists = {
    find: (hash) => this.#findList(hash),
    keep: (hash, keys) => {
      if (this.#lists.get(hash) !== keys) this.#lists.set(hash, keys)
    }
  }

  #findList(hash: string): readonly string[] | null {
    const known = this.#parsed.get(hash)
    if (known) return known
    const text = this.#lists.get(hash)
    // Anybody may have put it there: it is what its hash says, or nothing.
    if (typeof text !== 'string' || keysHash(text) !== hash) return null
    const keys = parseKeys(text)
    this.#parsed.set(hash, keys)
    return keys
  }

  /**
   * Say all that a writer has said of a subject; its tail is then told. In a transaction of the caller. Returns its bytes; null, and says
   * nothing, when they are more than a record may have.
   */
  putRecord(subject: Subject, writer: Writer, facts: Facts, rescuer: Writer | null = null): number | null {
    const key = keyOf(subject, writer)
    const record = encodeFacts(facts, this.lists)
    if (record.length > SYNC.recordBytes) return null
    this.#records.set(rescuer === null ? key : `${key}~${rescuer}`, record)
    // Whole: an array that is deleted leaves nothing behind, what is deleted of it would.
    if (rescuer === null && this.#tails.has(key)) this.#tails.delete(key)
    return record.length
  }

  /** Say more. In a transaction of the caller. */
  appendFrame(subject: Subject, writer: Writer, frame: Uint8Array): void {
    const key = keyOf(subject, writer)
    const known = this.#tails.get(key)
    if (known instanceof Y.Array) known.push([frame])
    else this.#tails.set(key, Y.Array.from([frame]))
  }

  /** Frames of a tail, and their bytes. */
  tailOf(subject: Subject, writer: Writer): { readonly frames: number; readonly bytes: number } {
    const tail = this.#tails.get(keyOf(subject, writer))
    if (!(tail instanceof Y.Array)) return { frames: 0, bytes: 0 }
    let bytes = 0
    for (const frame of tail) if (frame instanceof Uint8Array) bytes += frame.length
    return { frames: tail.length, bytes }
  }

  /** Take away what somebody, by all his names, put back for others, where they have said it themselves since. In a transaction of the caller. */
  dropRescued(subject: Subject, rescuers: ReadonlySet<Writer>): void {
    for (const key of [...(this.#records_.get(subject) ?? [])]) {
      const parsed = parseKey(key)
      if (parsed === null || parsed.rescuer === null || !rescuers.has(parsed.rescuer)) continue
      const direct = this.#records.get(keyOf(subject, parsed.writer))
      const [own, rescued] = [headerOf(direct), headerOf(this.#records.get(key))]
      if (own !== null && rescued !== null && own.to >= rescued.to) this.#records.delete(key)
    }
  }

  /** Say what another document says of a subject in a writer's name, as it says it. In a transaction of the caller. */
  copy(from: RoomDoc, subject: Subject, writer: Writer): void {
    const keep = (bytes: unknown): void => {
      const hash = headerOf(bytes)?.keysHash
      const text = hash == null ? undefined : from.#lists.get(hash)
      if (typeof text === 'string') this.lists.keep(hash!, text)
    }
    for (const key of from.#records_.get(subject) ?? []) {
      const record = from.#records.get(key)
      if (parseKey(key)?.writer !== writer || record === undefined) continue
      keep(record)
      this.#records.set(key, record)
    }
    const tail = from.#tails.get(keyOf(subject, writer))
    if (!(tail instanceof Y.Array)) return
    for (const frame of tail) keep(frame)
    this.#tails.set(keyOf(subject, writer), Y.Array.from(tail.toArray()))
  }

  #changed(keys: ReadonlySet<string>, index: Map<Subject, Set<string>>, origin: unknown): void {
    const subjects = new Set<Subject>()
    for (const key of keys) {
      const subject = noteKey(index, key)
      if (subject !== null) subjects.add(subject)
    }
    if (subjects.size > 0) for (const listener of this.#onChange) listener(subjects, origin)
  }
}

/**
 * Bytes of what a room says now, and of the lists of keys that names: about what its document would have if it began again. What it has beside
 * is what Yjs keeps of the past, and lists nothing is called by any more.
 */
export function liveBytesOf(doc: Y.Doc): number {
  const named = new Set<string>()
  let bytes = 0
  const add = (key: string, value: unknown): void => {
    if (!(value instanceof Uint8Array)) return
    bytes += key.length + value.length
    const hash = headerOf(value)?.keysHash
    if (hash != null) named.add(hash)
  }
  for (const [key, record] of doc.getMap(ROOTS.records)) add(key, record)
  for (const [key, tail] of doc.getMap(ROOTS.tails))
    if (tail instanceof Y.Array) for (const frame of tail) add(key, frame)
  const lists = doc.getMap(ROOTS.keys)
  for (const hash of named) {
    const text = lists.get(hash)
    if (typeof text === 'string') bytes += text.length
  }
  return bytes
}

/** Keys are never forgotten: one that is deleted is found to be empty. */
function noteKey(index: Map<Subject, Set<string>>, key: string): Subject | null {
  const parsed = parseKey(key)
  if (parsed === null) return null
  const keys = index.get(parsed.subject)
  if (keys) keys.add(key)
  else index.set(parsed.subject, new Set([key]))
  return parsed.subject
}

function headerOf(bytes: unknown): FactsHeader | null {
  if (!(bytes instanceof Uint8Array)) return null
  try {
    return factsHeader(bytes)
  } catch {
    return null
  }
}
