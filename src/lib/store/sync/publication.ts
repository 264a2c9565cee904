/** What a store has to tell the others: records and frames of the subjects of a room. */
import { sealedOfFacts } from '#lib/domain/sync/blobs-of-facts.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import type { RunId } from '#lib/domain/ids.ts'
import type { SeriesFacts, Subject, Writer } from '#lib/domain/sync/facts.ts'
import { parseSubject, runSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import type { Reader } from '../database.ts'
import { sealRuns } from '../seal.ts'
import type { Store } from '../store.ts'
import { factsOf, subjectsOfRoom } from './fact-rows.ts'
import type { Incoming } from './merge.ts'
import { findWriter } from './replica.ts'
import { seriesOfRuns } from './series-facts.ts'
import { notNoted, noteTold, type ToldBlob } from './told-blobs.ts'

/**
 * All that is known of some subjects, by all writers, points included: as others merge it. Many inline points are sealed first.
 *
 * leave  told of a subject whose records are left out, as more of its points wait for a blob than a record can say
 * fails  as the store does; without `leave`, with RESOURCE_EXHAUSTED for such a subject
 */
export async function recordsOf(
  store: Store,
  subjects: readonly Subject[],
  only: (subject: Subject, writer: Writer) => boolean = () => true,
  leave: (subject: Subject) => void = refuse
): Promise<Incoming[]> {
  await sealMany(store, subjects)
  const { records, told } = await store.read(async (r) => {
    const known = await factsOf(r, await findWriter(r), subjects)
    const found: Incoming[] = []
    for (const [subject, { all }] of known)
      for (const { writer, facts } of all) if (only(subject, writer)) found.push({ subject, writer, facts })
    const records = await withPoints(r, found, leave)
    return { records, told: await notNoted(r, records.flatMap(sealedOf)) }
  })
  if (told.length > 0) await store.write((tx) => noteTold(tx, told))
  return records
}

function sealedOf({ subject, facts }: Incoming): ToldBlob[] {
  const of = parseSubject(subject)
  return of?.kind === 'run' ? sealedOfFacts(facts).map((blobId) => ({ runId: of.id, blobId })) : []
}

/** The same of a whole room. */
export async function recordsOfRoom(store: Store, room: SharedId): Promise<Incoming[]> {
  return recordsOf(store, await store.read((r) => subjectsOfRoom(r, room)))
}

function refuse(subject: Subject): never {
  throw new RunnelError(
    'RESOURCE_EXHAUSTED',
    `More points of ${subject} wait for a file of another store than can be told. They can be once that is here.`
  )
}

async function withPoints(
  r: Reader,
  records: readonly Incoming[],
  leave: (subject: Subject) => void
): Promise<Incoming[]> {
  const told = await seriesOfRuns(r, runsOf(records.filter(({ facts }) => facts.series.length > 0)))
  return records.flatMap((record): Incoming | [] => {
    const { subject, facts } = record
    const of = parseSubject(subject)
    if (of?.kind !== 'run' || facts.series.length === 0) return record
    const ofRun = told.get(of.id)
    const series: SeriesFacts[] = []
    for (const { key, to } of facts.series) {
      const one = ofRun?.get(key)
      if (one === 'too many') {
        leave(subject)
        return []
      }
      if (one !== undefined) series.push({ key, to, ...one })
    }
    return { ...record, facts: { ...facts, series } }
  })
}

/** Points travel inline while they are few. */
async function sealMany(store: Store, subjects: readonly Subject[]): Promise<void> {
  await sealRuns(store, runsOf(subjects.map((subject) => ({ subject }))))
}

/** Each once. */
function runsOf(of: readonly { readonly subject: Subject }[]): RunId[] {
  const runs = new Set<RunId>()
  for (const { subject } of of) {
    const parsed = parseSubject(subject)
    if (parsed?.kind === 'run') runs.add(parsed.id)
  }
  return [...runs]
}

/** Those of which no points are still waited for: what this store could say for others of the rest would not be all. */
export async function whollyHere(r: Reader, subjects: readonly Subject[]): Promise<Subject[]> {
  const rows = await r.db.selectFrom('runnel_awaited').select('run_uuid').distinct().execute()
  const waiting = new Set(rows.map((row) => runSubject(row.run_uuid as RunId)))
  return subjects.filter((subject) => !waiting.has(subject))
}
