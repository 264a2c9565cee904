/**
 * Saying what rows hold and facts do not: what was looked at is compared with what was said before, and the differences become one frame for
 * each subject. Of a subject nobody said anything of, all is said, as its first record.
 */
import { isSameJson } from '#lib/domain/json.ts'
import type { RunId } from '#lib/domain/ids.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { hlcOfMs } from '#lib/domain/sync/clock.ts'
import { packSeries } from '#lib/domain/chunk/chunk.ts'
import { FIELDS, keepsFirst, winnersOf, type Winners } from '#lib/domain/sync/cells.ts'
import type { Cell, Facts, SeriesFacts, Subject, Writer } from '#lib/domain/sync/facts.ts'
import { isOfRegistry, parseSubject, REGISTRY, runSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import { mergeSeries } from '#lib/domain/series-order.ts'
import type { Series } from '#lib/domain/series.ts'
import { chunks } from '../chunks.ts'
import type { Tx } from '../database.ts'
import { cellsOfRuns, type CellValues } from './cells-of-rows.ts'
import { creationTimeOf } from './cell-values.ts'
import { appendFrame, dropFrames, factsOf, outboxOf, putRecords, putRoomOf, seqsOfSubjects } from './fact-rows.ts'
import { requireWriter, type Replica } from './replica.ts'
import { listRooms, roomsByExperiment } from './rooms.ts'
import { homeOf, putStanding, standingOf, type Standing } from './standing.ts'

/** What rows say of a subject now; null when it is gone. */
export interface Look {
  readonly subject: Subject
  readonly now: CellValues | null
  /** The same, with what stands otherwise in rows than the winners say, and is nobody's doing, as they say it. */
  readonly asSaid?: (winners: Winners) => Promise<CellValues | null>
}

/** Points that came to series, by key. */
export type PointsBySubject = ReadonlyMap<Subject, ReadonlyMap<string, readonly Series[]>>

/** Returns what was said of subjects that were known. */
export async function sayWhatIsNew(
  tx: Tx,
  replica: Replica,
  looks: readonly Look[],
  points: PointsBySubject
): Promise<ReadonlyMap<Subject, readonly Cell[]>> {
  if (looks.length === 0 && points.size === 0) return new Map()
  const self = await requireWriter(tx)
  const known = await factsOf(
    tx,
    self,
    looks.map(({ subject }) => subject)
  )
  // Of a subject nobody said anything of, everything is said: its points too, which may have been there before.
  const seqs = await seqsOfSubjects(tx, self, [...points.keys()])
  const unsaid = [
    ...looks.filter(({ subject, now }) => now !== null && !known.has(subject)),
    ...(await lookAtUnsaidRuns(
      tx,
      [...points.keys()].filter((subject) => !seqs.has(subject) && !known.has(subject)),
      looks
    ))
  ]
  await sayAll(tx, replica, unsaid)
  const whole = new Set(unsaid.map(({ subject }) => subject))
  const said = new Map<Subject, Cell[]>()
  const hlc = replica.clock.next()
  const homes = new Set((await listRooms(tx)).map(({ sharedId }) => sharedId))
  const standing = await standingOf(
    tx,
    looks.map(({ subject }) => subject)
  )
  for (const { subject, now, asSaid } of looks) {
    const facts = known.get(subject)
    if (facts === undefined) continue
    const winners = winnersOf(facts.all)
    const shown = asSaid
      ? await asSaid(winners)
      : withoutStrangeHome(tx, { subject, now }, winners, standing.get(subject), homes)
    const cells = newCells(winners, shown, hlc)
    if (cells.length > 0) said.set(subject, cells)
  }
  for (const subject of new Set([...said.keys(), ...points.keys()])) {
    if (whole.has(subject)) continue
    const last = known.get(subject)?.seqs.get(self) ?? seqs.get(subject)?.get(self) ?? 0
    await say(tx, self, subject, last + 1, { cells: said.get(subject) ?? [], points: points.get(subject), hlc })
  }
  return said
}

/** Runs that points came to, while what was there before is still being said. */
async function lookAtUnsaidRuns(tx: Tx, subjects: readonly Subject[], looks: readonly Look[]): Promise<Look[]> {
  const looked = new Set(looks.map(({ subject }) => subject))
  const ids = subjects.flatMap((subject) => {
    const of = parseSubject(subject)
    return of?.kind === 'run' && !looked.has(subject) ? [of.id] : []
  })
  const cells = await cellsOfRuns(tx, ids, await roomsByExperiment(tx))
  return ids.map((id) => ({ subject: runSubject(id), now: cells.get(id) ?? null }))
}

/**
 * What stands in an experiment that is not here, or is on its way to one, is shown in another, and that is nobody's doing: only a move of it is
 * said.
 */
function withoutStrangeHome(
  { moved }: Tx,
  { subject, now }: Look,
  winners: Winners,
  standing: Standing | undefined,
  homes: ReadonlySet<SharedId>
): CellValues | null {
  const home = homeOf(winners)
  const isShownThere = home !== null && homes.has(home) && standing?.room === home
  if (now === null || home === null || isShownThere || moved.has(subject.slice(1) as RunId)) return now
  const rest = new Map(now)
  rest.delete(FIELDS.home)
  return rest
}

/** Of a subject, what rows say and the winners do not. `now` is null when it is gone. */
function newCells(winners: Winners, now: CellValues | null, hlc: number): Cell[] {
  if (now === null)
    return winners.size === 0 || winners.has(FIELDS.purged) ? [] : [{ field: FIELDS.purged, value: true, hlc }]
  const cells: Cell[] = []
  for (const [field, value] of now) {
    const winner = winners.get(field)
    if (winner !== undefined && (keepsFirst(field) || isSameJson(winner.value, value))) continue
    cells.push({ field, value, hlc: after(winner?.hlc, hlc) })
  }
  for (const [field, winner] of winners)
    if (winner.value !== null && !keepsFirst(field) && !now.has(field) && field !== FIELDS.home)
      cells.push({ field, value: null, hlc: after(winner.hlc, hlc) })
  return cells.sort((a, b) => (a.field < b.field ? -1 : 1))
}

/** Who changes what is there says so later, whatever the clocks: a fact may have come from one that is ahead. */
const after = (winner: number | undefined, hlc: number): number => Math.max(hlc, (winner ?? 0) + 1)

interface Saying {
  readonly cells: readonly Cell[]
  readonly points: ReadonlyMap<string, readonly Series[]> | undefined
  readonly hlc: number
}

async function say(tx: Tx, self: Writer, subject: Subject, seq: number, { cells, points, hlc }: Saying): Promise<void> {
  const frame: Facts = { from: seq, to: seq, cells, series: seriesSaid(points, seq) }
  await appendFrame(tx, subject, frame, hlc)
  await noteRoom(tx, subject, cells)
  const { frames, bytes, folded } = await outboxOf(tx, self, subject)
  const isFull = frames >= SYNC.keptFrames || bytes >= SYNC.keptBytes
  if (isFull || seq - folded >= SYNC.foldFrames) await foldOutbox(tx, self, subject)
  // Those that were said last may not have been published yet, and are shorter than the record.
  if (isFull) await dropFrames(tx, subject, bytes >= SYNC.keptBytes ? seq : seq - SYNC.keptFrames / 2)
}

/** With their points, unless they are so many that they travel sealed: such a frame is not published, the record is. */
function seriesSaid(points: Saying['points'], seq: number): SeriesFacts[] {
  const all = [...(points ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
  const count = all.reduce((sum, [, parts]) => parts.reduce((n, { values }) => n + values.length, sum), 0)
  const pack = (parts: readonly Series[]) => (count > SYNC.framePoints ? null : packSeries(mergeSeries(parts)))
  return all.map(([key, parts]) => ({ key, to: seq, points: pack(parts), sealed: null }))
}

/** Put this store's frames of a subject into its record. They are kept, too: others are sent them while they have what came before. */
async function foldOutbox(tx: Tx, self: Writer, subject: Subject): Promise<void> {
  const own = (await factsOf(tx, self, [subject])).get(subject)?.all.find(({ writer }) => writer === self)
  if (own !== undefined) await putRecords(tx, [{ subject, writer: self, facts: own.facts }])
}

/**
 * Say all that rows hold of subjects nobody has said anything of. Nobody knows when it was said, so it was when the subject began: whatever is
 * said from now on comes later, in a copy of this store too. One that is to begin yet began when some clock was ahead: all that anybody says of it
 * comes later.
 */
export async function sayAll(tx: Tx, replica: Replica, looks: readonly Look[]): Promise<void> {
  if (looks.length === 0) return
  const self = await requireWriter(tx)
  const now = replica.clock.next()
  const keys = await metricKeysOf(tx, looks)
  const records = looks.map(({ subject, now: values }) => {
    const began = hlcOfMs(creationTimeOf(values?.get(FIELDS.genesis)))
    const cells = newCells(new Map(), values, began > now ? NEVER : began)
    const series = (keys.get(subject) ?? []).map((key): SeriesFacts => ({ key, to: 1, points: null, sealed: null }))
    return { subject, writer: self, facts: { from: 1, to: 1, cells, series } }
  })
  await putRecords(tx, records)
  for (const { subject, facts } of records) await noteRoom(tx, subject, facts.cells)
}

const NEVER = 1

async function metricKeysOf(tx: Tx, looks: readonly Look[]): Promise<Map<Subject, string[]>> {
  const keys = new Map<Subject, string[]>()
  const ids = looks.flatMap(({ subject }) => {
    const of = parseSubject(subject)
    return of?.kind === 'run' ? [of.id] : []
  })
  for (const part of chunks(ids)) {
    const rows = await tx.db
      .selectFrom('latest_metrics')
      .select(['run_uuid', 'key'])
      .where('run_uuid', 'in', part)
      .orderBy('run_uuid')
      .orderBy('key')
      .execute()
    for (const [id, own] of Map.groupBy(rows, (row) => row.run_uuid as RunId))
      keys.set(
        runSubject(id),
        own.map(({ key }) => key)
      )
  }
  return keys
}

/** Remember where a subject is told of, once it says so. */
async function noteRoom(tx: Tx, subject: Subject, cells: readonly Cell[]): Promise<void> {
  const of = parseSubject(subject)
  if (of !== null && isOfRegistry(of)) return putRoomOf(tx, subject, REGISTRY)
  const home = cells.find(({ field }) => field === FIELDS.home)?.value
  const room = of?.kind === 'experiment' ? of.id : home
  if (typeof room !== 'string') return
  await putStanding(tx, subject, (await standingOf(tx, [subject])).get(subject), room as SharedId)
}
