/** The rows facts are kept in: a folded record for each subject and writer, and this store's own frames until they are published. */
import { CompiledQuery, sql } from 'kysely'
import { foldFacts, NO_FACTS, withoutPoints } from '#lib/domain/sync/record.ts'
import { factsHeader } from '#lib/domain/sync/facts-header.ts'
import { decodeFacts, encodeFacts } from '#lib/domain/sync/facts-codec.ts'
import type { Facts, Subject, Writer } from '#lib/domain/sync/facts.ts'
import type { WriterFacts } from '#lib/domain/sync/cells.ts'
import type { Hlc } from '#lib/domain/sync/clock.ts'
import { KeyListMap, type KeyLists } from '#lib/domain/sync/key-lists.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import { chunks } from '../chunks.ts'
import type { Reader, Tx } from '../database.ts'

/** What a store knows of a subject: what each writer said of it, this store itself among them. */
export interface SubjectFacts {
  readonly all: readonly WriterFacts[]
  /** How many facts of each writer are here. */
  readonly seqs: ReadonlyMap<Writer, number>
}

export const NOTHING_SAID: SubjectFacts = { all: [], seqs: new Map() }

/** By subject; those nobody said anything of are left out. Own frames that are not folded yet are folded in. */
export async function factsOf(
  r: Reader,
  self: Writer | null,
  subjects: readonly Subject[]
): Promise<Map<Subject, SubjectFacts>> {
  const found = new Map<Subject, WriterFacts[]>()
  for (const part of chunks(subjects)) {
    const rows = await r.db
      .selectFrom('runnel_facts')
      .select(['subject', 'writer', 'record'])
      .where('subject', 'in', part)
      .execute()
    const lists = await listsOf(
      r,
      rows.map(({ record }) => record)
    )
    for (const { subject, writer, record } of rows)
      listOf(found, subject as Subject).push({ writer: writer as Writer, facts: decodeFacts(record, lists) })
    if (self !== null) await foldOutbox(r, self, part, found)
  }
  return new Map([...found].map(([subject, all]) => [subject, { all, seqs: seqsOf(all) }]))
}

async function foldOutbox(
  r: Reader,
  self: Writer,
  subjects: readonly Subject[],
  found: Map<Subject, WriterFacts[]>
): Promise<void> {
  const rows = await r.db
    .selectFrom('runnel_outbox')
    .select(['subject', 'frame'])
    .where('subject', 'in', subjects)
    .where(
      'seq',
      '>',
      sql<number>`coalesce((select max(f.seq) from runnel_facts f
        where f.subject = runnel_outbox.subject and f.writer = ${self}), 0)`
    )
    .orderBy('subject')
    .orderBy('seq')
    .execute()
  for (const [subject, frames] of Map.groupBy(rows, (row) => row.subject as Subject)) {
    const all = listOf(found, subject)
    const place = all.findIndex(({ writer }) => writer === self)
    let facts = place === -1 ? NO_FACTS : all[place]!.facts
    for (const { frame } of frames) facts = foldFacts(facts, withoutPoints(decodeFacts(frame, NO_LISTS)))
    if (place === -1) all.push({ writer: self, facts })
    else all[place] = { writer: self, facts }
  }
}

const seqsOf = (all: readonly WriterFacts[]): Map<Writer, number> =>
  new Map(all.map(({ writer, facts }) => [writer, facts.to]))

function listOf<K, T>(map: Map<K, T[]>, key: K): T[] {
  const known = map.get(key)
  if (known) return known
  const list: T[] = []
  map.set(key, list)
  return list
}

// ── records ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Keep what a writer said, without the points. */
export async function putRecords(
  tx: Tx,
  records: readonly { readonly subject: Subject; readonly writer: Writer; readonly facts: Facts }[]
): Promise<void> {
  const lists = new FreshLists()
  for (const { subject, writer, facts } of records) {
    const record = encodeFacts(withoutPoints(facts), lists)
    const hlc = latestOf(facts)
    await tx.db.executeQuery(CompiledQuery.raw(DELETE_RECORD, [subject, writer]))
    await tx.db.executeQuery(CompiledQuery.raw(INSERT_RECORD, [subject, writer, facts.to, hlc, record]))
  }
  for (const [hash, keys] of lists.fresh) await tx.db.executeQuery(CompiledQuery.raw(INSERT_LIST, [hash, keys]))
}

// One text each, so that they are prepared once.
const DELETE_RECORD = 'delete from runnel_facts where subject = ? and writer = ?'
const INSERT_RECORD = 'insert into runnel_facts (subject, writer, seq, hlc, record) values (?, ?, ?, ?, ?)'

const INSERT_LIST = 'insert or ignore into runnel_fact_keys (hash, keys) values (?, ?)'

export const latestOf = ({ cells }: Facts): Hlc => cells.reduce((latest, { hlc }) => Math.max(latest, hlc), 0)

/** Everything of some subjects that facts are kept in. */
export async function deleteFacts(tx: Tx, subjects: readonly Subject[]): Promise<void> {
  for (const part of chunks(subjects)) {
    await tx.db.deleteFrom('runnel_facts').where('subject', 'in', part).execute()
    await tx.db.deleteFrom('runnel_outbox').where('subject', 'in', part).execute()
  }
}

/** How many facts of each writer are here, by subject. Reads no records. */
export async function seqsOfSubjects(
  r: Reader,
  self: Writer | null,
  subjects: readonly Subject[]
): Promise<Map<Subject, Map<Writer, number>>> {
  const seqs = new Map<Subject, Map<Writer, number>>()
  const note = (subject: string, writer: string, seq: number) => {
    const known = seqs.get(subject as Subject) ?? new Map<Writer, number>()
    seqs.set(subject as Subject, known.set(writer as Writer, Math.max(seq, known.get(writer as Writer) ?? 0)))
  }
  for (const part of chunks(subjects)) {
    const rows = await r.db
      .selectFrom('runnel_facts')
      .select(['subject', 'writer', 'seq'])
      .where('subject', 'in', part)
      .execute()
    for (const row of rows) note(row.subject, row.writer, row.seq)
    if (self === null) continue
    const own = await r.db
      .selectFrom('runnel_outbox')
      .select(({ fn }) => ['subject', fn.max('seq').as('seq')])
      .where('subject', 'in', part)
      .groupBy('subject')
      .execute()
    for (const row of own) note(row.subject, self, row.seq)
  }
  return seqs
}

/** The latest time any fact here was said at; 0 when there is none. */
export async function latestHlc(r: Reader): Promise<Hlc> {
  const { rows } = await sql<{ hlc: number | null }>`select max(hlc) as hlc from
    (select max(hlc) as hlc from runnel_facts union all select max(hlc) as hlc from runnel_outbox)`.execute(r.db)
  return rows[0]?.hlc ?? 0
}

/** Of which some cell was said after a time. */
export async function recordsAfter(
  r: Reader,
  hlc: Hlc
): Promise<{ readonly subject: Subject; readonly writer: Writer }[]> {
  const rows = await r.db.selectFrom('runnel_facts').select(['subject', 'writer']).where('hlc', '>', hlc).execute()
  return rows.map(({ subject, writer }) => ({ subject: subject as Subject, writer: writer as Writer }))
}

export async function deleteRecords(
  tx: Tx,
  records: readonly { readonly subject: Subject; readonly writer: Writer }[]
): Promise<void> {
  for (const { subject, writer } of records)
    await tx.db.executeQuery(CompiledQuery.raw(DELETE_RECORD, [subject, writer]))
}

/** In which room a subject is told of. */
export async function putRoomOf(tx: Tx, subject: Subject, room: SharedId): Promise<void> {
  await tx.db.executeQuery(CompiledQuery.raw(PUT_ROOM, [subject, room]))
}

const PUT_ROOM = 'insert or replace into runnel_subjects (subject, room) values (?, ?)'

/** Those that are told of in a room, gone ones among them. */
export async function subjectsOfRoom(r: Reader, room: SharedId): Promise<Subject[]> {
  const rows = await r.db
    .selectFrom('runnel_subjects')
    .select('subject')
    .where('room', '=', room)
    .orderBy('subject')
    .execute()
  return rows.map((row) => row.subject as Subject)
}

/** Those of some subjects that are told of in a room. */
export async function subjectsInRoom(r: Reader, room: SharedId, subjects: readonly Subject[]): Promise<Set<Subject>> {
  const found = new Set<Subject>()
  for (const part of chunks(subjects)) {
    const rows = await r.db
      .selectFrom('runnel_subjects')
      .select('subject')
      .where('subject', 'in', part)
      .where('room', '=', room)
      .execute()
    for (const { subject } of rows) found.add(subject as Subject)
  }
  return found
}

// ── own frames ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export async function appendFrame(tx: Tx, subject: Subject, frame: Facts, hlc: Hlc): Promise<void> {
  await tx.db.executeQuery(CompiledQuery.raw(INSERT_FRAME, [subject, frame.to, hlc, encodeFacts(frame)]))
}

const INSERT_FRAME = 'insert into runnel_outbox (subject, seq, hlc, frame) values (?, ?, ?, ?)'

export interface OwnFrame {
  readonly seq: number
  /** Encoded. */
  readonly frame: Uint8Array
}

/** Own frames after `seq`, in order. Those up to some bound may be gone: the first that is here then says more than `seq + 1`. */
export async function framesAfter(r: Reader, subject: Subject, seq: number): Promise<OwnFrame[]> {
  return r.db
    .selectFrom('runnel_outbox')
    .select(['seq', 'frame'])
    .where('subject', '=', subject)
    .where('seq', '>', seq)
    .orderBy('seq')
    .execute()
}

/** Frames of a subject that are kept, the bytes they take, and up to which they are in the record. */
export async function outboxOf(
  r: Reader,
  self: Writer,
  subject: Subject
): Promise<{ readonly frames: number; readonly bytes: number; readonly folded: number }> {
  const { rows } = await r.db.executeQuery<{ frames: number; bytes: number | null; folded: number | null }>(
    CompiledQuery.raw(OUTBOX, [subject, self, subject])
  )
  return { frames: rows[0]!.frames, bytes: rows[0]!.bytes ?? 0, folded: rows[0]!.folded ?? 0 }
}

const OUTBOX = `select count(*) as frames, sum(length(frame)) as bytes,
  (select max(seq) from runnel_facts where subject = ? and writer = ?) as folded from runnel_outbox where subject = ?`

/** Own frames up to `seq` are in the record, and wanted no more. */
export async function dropFrames(tx: Tx, subject: Subject, seq: number): Promise<void> {
  await tx.db.deleteFrom('runnel_outbox').where('subject', '=', subject).where('seq', '<=', seq).execute()
}

/** Of which own frames wait. */
export async function subjectsInOutbox(r: Reader): Promise<Subject[]> {
  const rows = await r.db.selectFrom('runnel_outbox').select('subject').distinct().orderBy('subject').execute()
  return rows.map((row) => row.subject as Subject)
}

/** All of them are in records. */
export async function dropAllFrames(tx: Tx): Promise<void> {
  await tx.db.deleteFrom('runnel_outbox').execute()
}

// ── lists of keys ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What is written is only ever kept. */
class FreshLists implements KeyLists {
  readonly fresh = new Map<string, string>()

  find(): null {
    return null
  }

  keep(hash: string, keys: string): void {
    this.fresh.set(hash, keys)
  }
}

/** Own frames say their keys themselves. */
const NO_LISTS: Pick<KeyLists, 'find'> = { find: () => null }

/** The lists that encoded facts name. */
export async function listsOf(r: Reader, facts: readonly Uint8Array[]): Promise<KeyLists> {
  const hashes = new Set(facts.map((one) => factsHeader(one).keysHash).filter((hash) => hash !== null))
  const lists = new KeyListMap()
  for (const part of chunks([...hashes])) {
    const rows = await r.db.selectFrom('runnel_fact_keys').selectAll().where('hash', 'in', part).execute()
    for (const { hash, keys } of rows) lists.keep(hash, keys)
  }
  return lists
}
