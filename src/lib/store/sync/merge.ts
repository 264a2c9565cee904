/**
 * The join of two stores: what others said becomes facts and rows here, in one transaction for some subjects at a time.
 *
 *   facts that came ─► those that are new, without a gap ─► joined with what was said before ─► rows of the winners that changed; points
 *
 * What comes again changes nothing, whatever the order; what cannot be understood yet (how a run began is missing, or facts in between) is
 * left for when it comes again with the rest: who carries facts keeps them.
 */
import type { ExperimentId, ModelId, RunId } from '#lib/domain/ids.ts'
import { isSameJson, jsonText } from '#lib/domain/json.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { FIELDS, isPurged, PREFIXES, winnersOf, type WriterFacts, type Winners } from '#lib/domain/sync/cells.ts'
import type { Facts, Subject, Writer } from '#lib/domain/sync/facts.ts'
import { foldFacts, NO_FACTS, withoutPoints } from '#lib/domain/sync/record.ts'
import { isOfRegistry, parseSubject, REGISTRY, type SharedId, type SubjectOf } from '#lib/domain/sync/subject.ts'
import type { Tx } from '../database.ts'
import { getExperiments } from '../experiments.ts'
import { loggedModelInfos } from '../logged-models.ts'
import { getRunInfos } from '../runs.ts'
import type { Store } from '../store.ts'
import { purgeModelsNow, purgeRunsNow } from '../trash.ts'
import { captureUnsaid } from './capture.ts'
import { captureUnsaidRegistered } from './capture-registry.ts'
import { runGenesisOf } from './cell-values.ts'
import { writeExperiment } from './experiment-rows.ts'
import { factsOf, latestOf, NOTHING_SAID, putRecords, putRoomOf } from './fact-rows.ts'
import { bringHome, type Stray } from './bring-home.ts'
import { writeModels } from './model-rows.ts'
import { writeRegistryOutcomes } from './merge-registry.ts'
import { changedOf, type Outcome } from './outcome.ts'
import { findRegistryRoom } from './registry-room.ts'
import { findWriter, type Replica } from './replica.ts'
import { roomsByExperiment, type Room } from './rooms.ts'
import { RowBatch } from './row-batch.ts'
import { writeRuns, type Home } from './run-rows.ts'
import { mergePoints, type RunSeries } from './series-facts.ts'

/** Facts of one writer, as they came. */
export interface Incoming {
  readonly subject: Subject
  readonly writer: Writer
  readonly facts: Facts
}

export interface Merged {
  /** Subjects of which something was new. */
  readonly changed: readonly Subject[]
  /** Subjects of which something was left, since something before it is missing. */
  readonly waiting: readonly Subject[]
  /** Facts of a time too far ahead of this store's clock were left. */
  readonly isAhead: boolean
  /** Somebody knows more of what this store said than it does: it is a copy, or was restored from one. */
  readonly isCopy: boolean
}

/**
 * Let facts of other stores become facts and rows of this one. Those of each subject must come together.
 *
 * room   where they were told of; what it is of is here
 * fails  as Store.write does; what was merged until then stays
 */
export async function mergeFacts(store: Store, room: SharedId, incoming: readonly Incoming[]): Promise<Merged> {
  const bySubject = [...Map.groupBy(incoming, ({ subject }) => subject)].sort(([a], [b]) => rankOf(a) - rankOf(b))
  const total = { changed: [] as Subject[], waiting: [] as Subject[], isAhead: false, isCopy: false }
  for (let from = 0; from < bySubject.length; from += SYNC.mergeSubjects) {
    const part = bySubject.slice(from, from + SYNC.mergeSubjects)
    const merged = await store.write((tx) => mergePart(tx, store, room, new Map(part)))
    total.changed.push(...merged.changed)
    total.waiting.push(...merged.waiting)
    total.isAhead ||= merged.isAhead
    total.isCopy ||= merged.isCopy
  }
  return total
}

/** Experiments before what stands in them, and registered models before their versions. */
const rankOf = (subject: Subject): number => 'xrlmv'.indexOf(subject[0]!)

/** What is told of in one room: how its rows are written, and its rows said that nobody has said anything of. */
interface Scope {
  readonly takes: (of: SubjectOf) => boolean
  readonly sayHere: (unsaid: readonly Subject[]) => Promise<void>
  readonly write: (outcomes: readonly Outcome[]) => Promise<void>
}

/** null when the room is not here. */
async function scopeOf(tx: Tx, { replica }: Store, sharedId: SharedId): Promise<Scope | null> {
  if (sharedId === REGISTRY) {
    const room = await findRegistryRoom(tx)
    if (room === null) return null
    return {
      takes: isOfRegistry,
      // Once all of it was said, a model that nobody has said anything of is one that came with its versions.
      sayHere: (unsaid) => (room.isWhole ? Promise.resolve() : captureUnsaidRegistered(tx, replica, unsaid)),
      write: (outcomes) => writeRegistryOutcomes(tx, replica, room, outcomes)
    }
  }
  const rooms = await roomsByExperiment(tx)
  const room = [...rooms.values()].find((one) => one.sharedId === sharedId)
  if (room === undefined) return null
  return {
    takes: (of) => !isOfRegistry(of),
    sayHere: (unsaid) => sayWhatIsHere(tx, replica, unsaid),
    write: (outcomes) => writeOutcomes(tx, outcomes, rooms, room)
  }
}

async function mergePart(
  tx: Tx,
  store: Store,
  sharedId: SharedId,
  bySubject: ReadonlyMap<Subject, readonly Incoming[]>
): Promise<Merged> {
  tx.isMerge = true
  const { clock } = store.replica
  const scope = await scopeOf(tx, store, sharedId)
  const subjects = [...bySubject.keys()]
  if (scope === null) return { changed: [], waiting: subjects, isAhead: false, isCopy: false }
  const self = await findWriter(tx)
  const said = await factsOf(tx, self, subjects)
  await scope.sayHere(subjects.filter((subject) => !said.has(subject)))
  const known = await factsOf(tx, self, subjects)

  const waiting: Subject[] = []
  const outcomes: Outcome[] = []
  let isAhead = false
  let isCopy = false
  for (const [subject, incoming] of bySubject) {
    const of = parseSubject(subject)
    if (of === null || !scope.takes(of)) continue
    const inTime = incoming.filter(({ facts }) => !clock.isAhead(latestOf(facts), SYNC.aheadMs))
    isAhead ||= inTime.length < incoming.length
    const { all, seqs } = known.get(subject) ?? NOTHING_SAID
    isCopy ||= inTime.some(({ writer, facts }) => writer === self && facts.to > (seqs.get(writer) ?? 0))
    const joined = joinIncoming(
      all,
      inTime.filter(({ writer }) => writer !== self)
    )
    const after = winnersOf(joined.all)
    const isWhole = after.has(FIELDS.genesis) || isPurged(after)
    if (joined.hasGap || !isWhole) waiting.push(subject)
    if (isWhole && joined.news.length > 0)
      outcomes.push({ subject, of, before: winnersOf(all), after, records: joined.records, news: joined.news })
  }
  for (const { records } of outcomes) for (const { facts } of records) clock.see(latestOf(facts))
  await scope.write(outcomes)
  return { changed: outcomes.map(({ subject }) => subject), waiting, isAhead, isCopy }
}

/** Rows that nobody has said anything of (a copy of the same store was here already) are said first. */
async function sayWhatIsHere(tx: Tx, replica: Replica, subjects: readonly Subject[]): Promise<void> {
  const unsaid = subjects.map(parseSubject)
  const runs = unsaid.flatMap((of) => (of?.kind === 'run' ? [of.id] : []))
  const models = unsaid.flatMap((of) => (of?.kind === 'logged-model' ? [of.id] : []))
  await captureUnsaid(tx, replica, {
    rooms: [],
    runs: (await getRunInfos(tx, runs)).map(({ runId }) => runId),
    models: (await loggedModelInfos(tx, models)).map(({ modelId }) => modelId)
  })
}

function joinIncoming(all: readonly WriterFacts[], incoming: readonly Incoming[]) {
  const byWriter = new Map(all.map(({ writer, facts }) => [writer, facts]))
  const fresh = new Set<Writer>()
  const news: Outcome['news'][number][] = []
  let hasGap = false
  for (const { writer, facts } of incoming.toSorted((a, b) => a.facts.from - b.facts.from || b.facts.to - a.facts.to)) {
    const record = byWriter.get(writer) ?? NO_FACTS
    if (facts.to <= record.to) continue
    if (facts.from > record.to + 1) {
      hasGap = true
      continue
    }
    news.push({ facts, had: record.to })
    byWriter.set(writer, foldFacts(record, withoutPoints(facts)))
    fresh.add(writer)
  }
  return {
    all: [...byWriter].map(([writer, facts]) => ({ writer, facts })),
    records: [...fresh].map((writer) => ({ writer, facts: byWriter.get(writer)! })),
    news,
    hasGap
  }
}

// ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function writeOutcomes(
  tx: Tx,
  outcomes: readonly Outcome[],
  rooms: ReadonlyMap<ExperimentId, Room>,
  room: Room
): Promise<void> {
  const batch = new RowBatch()
  const all = await homes(tx, rooms)
  const homeOf = (winners: Winners) => homeIn(all, winners) ?? all.get(room.sharedId)!
  const living = outcomes.filter(({ after }) => !isPurged(after))
  const of = <K extends SubjectOf['kind']>(kind: K) => living.filter((one) => one.of.kind === kind)
  for (const one of of('experiment')) await writeExperiment(tx, batch, changedOf<ExperimentId>(one, room.experimentId))

  const runs = of('run').sort((a, b) => numberOf(a) - numberOf(b))
  const infos = await writeRuns(
    tx,
    batch,
    runs.map((one) => changedOf(one, one.of.id as RunId)),
    homeOf
  )
  // A param that lost changes no row, and is shown beside the one that won.
  for (const { of, news } of runs)
    if (news.some(({ facts }) => facts.cells.some(({ field }) => field.startsWith(PREFIXES.param))))
      tx.changes.add('param', { run: of.id as RunId, experiment: infos.get(of.id as RunId)!.experimentId })
  const models = of('logged-model').map((one) => changedOf(one, one.of.id as ModelId))
  await writeModels(tx, batch, models, homeOf)
  await batch.write(tx)
  await mergePoints(
    tx,
    batch,
    runs.map((one): RunSeries => ({
      run: infos.get(one.of.id as RunId)!,
      said: one.news.flatMap(({ facts, had }) => facts.series.map((series) => ({ series, had })))
    }))
  )
  await batch.write(tx)
  await bringHome(
    tx,
    living.flatMap((one) => strayOf(one, all)),
    rooms
  )
  await purgeGone(tx, outcomes)
  await keepFacts(tx, outcomes, room)
}

const numberOf = ({ after }: Outcome): number => runGenesisOf(after.get(FIELDS.genesis)?.value).number

/** The experiments that are shared here, by what they go by everywhere. */
async function homes(tx: Tx, rooms: ReadonlyMap<ExperimentId, Room>): Promise<Map<string, Home>> {
  const experiments = await getExperiments(tx, [...rooms.keys()])
  return new Map(
    experiments.map(({ experimentId, artifactLocation }) => [
      rooms.get(experimentId)!.sharedId as string,
      { experimentId, artifactLocation }
    ])
  )
}

const homeIn = (homes: ReadonlyMap<string, Home>, winners: Winners): Home | undefined =>
  homes.get(jsonText(winners.get(FIELDS.home)?.value))

/** One that says where it stands, if that is here. */
function strayOf({ of, before, after }: Outcome, all: ReadonlyMap<string, Home>): Stray | [] {
  const home = homeIn(all, after)
  if (home === undefined || of.kind === 'experiment') return []
  return {
    of,
    home: home.experimentId,
    isNews: !isSameJson(before.get(FIELDS.home)?.value, after.get(FIELDS.home)?.value)
  }
}

async function purgeGone(tx: Tx, outcomes: readonly Outcome[]): Promise<void> {
  const gone = outcomes.filter(({ after }) => isPurged(after)).map(({ of }) => of)
  await purgeRunsNow(
    tx,
    gone.flatMap((of) => (of.kind === 'run' ? [of.id] : []))
  )
  await purgeModelsNow(
    tx,
    gone.flatMap((of) => (of.kind === 'logged-model' ? [of.id] : []))
  )
}

async function keepFacts(tx: Tx, outcomes: readonly Outcome[], room: Room): Promise<void> {
  await putRecords(
    tx,
    outcomes.flatMap(({ subject, records }) => records.map((record) => ({ subject, ...record })))
  )
  for (const { subject, of, after } of outcomes) {
    const home = after.get(FIELDS.home)?.value
    await putRoomOf(
      tx,
      subject,
      of.kind === 'experiment' || typeof home !== 'string' ? room.sharedId : (home as SharedId)
    )
  }
}
