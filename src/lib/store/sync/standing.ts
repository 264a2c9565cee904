/**
 * Where subjects stand, and what a room may say of them. Whoever is let into a room may change what stands in it, and nothing that stands elsewhere,
 * whatever ids they know.
 *
 *   its own experiment          that room alone
 *   what stands in it           all of it; to let it go to another room, which takes it once it tells of it, too
 *   what stood in it            what it is, as who knew it there goes on telling; not where it stands
 *   what nobody has told of     that it stands there, unless it is shown in another experiment here
 *
 * A move between two rooms so takes a say in both. Until both have said it, what moves is shown where it was.
 */
import type { ExperimentId } from '#lib/domain/ids.ts'
import { isSameJson } from '#lib/domain/json.ts'
import { FIELDS, type Winners } from '#lib/domain/sync/cells.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import type { SharedId, SubjectOf } from '#lib/domain/sync/subject.ts'
import { chunks } from '../chunks.ts'
import type { Reader, Tx } from '../database.ts'
import { putRoomOf } from './fact-rows.ts'

export interface Standing {
  readonly room: SharedId
  /** Rooms it stood in before. */
  readonly before: ReadonlySet<SharedId>
}

/** What was said of a subject until now, and with what a room tells. */
export interface Told {
  readonly of: SubjectOf
  readonly before: Winners
  readonly after: Winners
  /** null while nobody has said anything of it. */
  readonly standing: Standing | null
}

/** What is known here of where things can stand. */
export interface Places {
  /** The room that tells. */
  readonly room: SharedId
  /** Whether an experiment is shared here. */
  readonly isHere: (id: SharedId) => boolean
  /** Where a subject is shown of which nobody has said anything; null when it is not here. */
  readonly shownIn: (of: SubjectOf) => ExperimentId | null
}

export function mayTell({ of, before, after, standing }: Told, { room, isHere, shownIn }: Places): boolean {
  if (of.kind === 'experiment') return of.id === room
  if (standing === null) {
    const home = homeOf(after)
    return shownIn(of) === null && (home === null || home === room || !isHere(home))
  }
  if (standing.room === room || homeOf(before) === room) return true
  const isSame = (field: string): boolean => isSameJson(before.get(field)?.value, after.get(field)?.value)
  return standing.before.has(room) && AFFAIRS.every(isSame)
}

/** What is for the room to say that something stands in: where it stands, and that it is gone for good. */
const AFFAIRS = [FIELDS.home, FIELDS.purged]

/** In which room a subject stands after a room has told that of it. */
export function roomAfter({ after, standing }: Pick<Told, 'after' | 'standing'>, room: SharedId): SharedId {
  const home = homeOf(after)
  if (home === room || standing === null) return room
  // Whoever was in the room before goes on telling of it, which is its say.
  return home !== null && standing.room === room && standing.before.has(home) ? home : standing.room
}

/** Where a subject says it stands. */
export function homeOf(winners: Winners): SharedId | null {
  const home = winners.get(FIELDS.home)?.value
  return typeof home === 'string' ? (home as SharedId) : null
}

// ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Of those that somebody has said something of. */
export async function standingOf(r: Reader, subjects: readonly Subject[]): Promise<Map<Subject, Standing>> {
  const found = new Map<Subject, Standing>()
  for (const part of chunks(subjects)) {
    const rows = await r.db.selectFrom('runnel_subjects').selectAll().where('subject', 'in', part).execute()
    const stood = await r.db.selectFrom('runnel_stood').selectAll().where('subject', 'in', part).execute()
    const before = Map.groupBy(stood, ({ subject }) => subject)
    for (const { subject, room } of rows)
      found.set(subject as Subject, {
        room: room as SharedId,
        before: new Set(before.get(subject)?.map((row) => row.room as SharedId))
      })
  }
  return found
}

/** It stands in this room now, and where it stood is remembered. */
export async function putStanding(
  tx: Tx,
  subject: Subject,
  standing: Standing | null | undefined,
  room: SharedId
): Promise<void> {
  if (standing?.room === room) return
  if (standing)
    await tx.db
      .insertInto('runnel_stood')
      .values({ subject, room: standing.room })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  await putRoomOf(tx, subject, room)
}

/** Those of some subjects that somebody has said something of, though not in this room. */
export async function strangersTo(r: Reader, room: SharedId, subjects: readonly Subject[]): Promise<Set<Subject>> {
  const standing = await standingOf(r, subjects)
  return new Set([...standing].flatMap(([subject, at]) => (at.room === room || at.before.has(room) ? [] : [subject])))
}
