/**
 * This store as one of several: the names it writes facts under, and its clock.
 *
 * Every opening of a store writes under a name of its own, taken when it first has something to say. So no two stores ever say different
 * things under one name, though one be a copy of the other, or have come back from a backup: whoever opens either is somebody else.
 */
import type { Clock } from '#lib/domain/time.ts'
import { HybridClock } from '#lib/domain/sync/clock.ts'
import type { Subject, Writer } from '#lib/domain/sync/facts.ts'
import { chunks } from '../chunks.ts'
import type { Reader, Tx } from '../database.ts'
import { dropAllFrames, factsOf, latestHlc, putRecords, subjectsInOutbox } from './fact-rows.ts'

export interface Replica {
  readonly clock: HybridClock
}

export async function openReplica(r: Reader, now: Clock): Promise<Replica> {
  return { clock: new HybridClock(now, await latestHlc(r)) }
}

/** null while this store has said nothing since it was opened. */
export async function findWriter(r: Reader): Promise<Writer | null> {
  const row = await r.db.selectFrom('runnel_writers').select('writer').where('is_open', '=', 1).executeTakeFirst()
  return (row?.writer ?? null) as Writer | null
}

/** All names this store has written under, the one it writes under now among them. */
export async function ownWriters(r: Reader): Promise<Set<Writer>> {
  const rows = await r.db.selectFrom('runnel_writers').select('writer').orderBy('writer').execute()
  return new Set(rows.map((row) => row.writer as Writer))
}

/** The name this store writes under, made at the first call. */
export async function requireWriter(tx: Tx): Promise<Writer> {
  const known = await findWriter(tx)
  if (known !== null) return known
  const writer = newWriter()
  await tx.db.insertInto('runnel_writers').values({ writer, is_open: 1 }).execute()
  return writer
}

/** Write under a name that is given, in a store that has said nothing since it was opened. */
export async function writeAs(tx: Tx, writer: Writer): Promise<void> {
  await tx.db.insertInto('runnel_writers').values({ writer, is_open: 1 }).execute()
}

/** Write nothing more under the name in use. What was said under it is folded; the next thing is said under another. */
export async function retireWriter(tx: Tx): Promise<void> {
  const self = await findWriter(tx)
  if (self === null) return
  for (const part of chunks(await subjectsInOutbox(tx))) await foldOwn(tx, self, part)
  await dropAllFrames(tx)
  await tx.db.updateTable('runnel_writers').set({ is_open: 0 }).where('writer', '=', self).execute()
}

async function foldOwn(tx: Tx, self: Writer, subjects: readonly Subject[]): Promise<void> {
  const known = await factsOf(tx, self, subjects)
  await putRecords(
    tx,
    [...known].flatMap(([subject, { all }]) =>
      all.filter(({ writer }) => writer === self).map((own) => ({ subject, ...own }))
    )
  )
}

/** 64 random bits as 11 characters of base64url. */
export function newWriter(): Writer {
  const bytes = crypto.getRandomValues(new Uint8Array(8))
  const text = btoa(String.fromCharCode(...bytes))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') as Writer
}
