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
import { factsOf, latestOf, NOTHING_SAID, putRecords } from './fact-rows.ts'
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
import { homeOf, mayTell, putStanding, roomAfter, standingOf, type Places } from './standing.ts'

/** Facts of one writer, as they came. */
export interface Incoming {
  readonly subject: Subject
  readonly writer: Writer
  readonly facts: Facts
}

export type Trust = 'room' | 'all'

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
 * trust  whether whoever tells may say no more than the room may (standing.ts), or anything, as a file that somebody merges does
 * fails  as Store.write does; what was merged until then stays
 */
export async function mergeFacts(
  store: Store,
  room: SharedId,
  incoming: readonly Incoming[],
  trust: Trust = 'room'
): Promise<Merged> {
  const bySubject = [...Map.groupBy(incoming, ({ subject }) => subject)].sort(([a], [b]) => rankOf(a) - rankOf(b))
  const total = { changed: [] as Subject[], waiting: [] as Subject[], isAhead: false, isCopy: false }
  for (let from = 0; from < bySubject.length; from += SYNC.mergeSubjects) {
    const part = bySubject.slice(from, from + SYNC.mergeSubjects)
    const merged = await store.write((tx) => mergePart(tx, store, room, trust, new Map(part)))
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
  readonly isOfRoom: (of: SubjectOf) => boolean
  readonly sayHere: (unsaid: readonly Subject[]) => Promise<void>
  /** Where those of some subjects can stand that are not of a registry; null for a registry, where nothing stands anywhere. */
  readonly places: ((subjects: readonly Subject[]) => Promise<Places>) | null
  readonly write: (outcomes: readonly Outcome[]) => Promise<void>
}

/** null when the room is not here. */
async function scopeOf(tx: Tx, { replica }: Store, sharedId: SharedId, trust: Trust): Promise<Scope | null> {
  if (sharedId === REGISTRY) {
    const room = await findRegistryRoom(tx)
    if (room === null) return null
    return {
      isOfRoom: isOfRegistry,
      places: null,
      // Once all of it was said, a model that nobody has said anything of is one that came with its versions.
      sayHere: (unsaid) => (room.isWhole ? Promise.resolve() : captureUnsaidRegistered(tx, replica, unsaid)),
      write: (outcomes) => writeRegistryOutcomes(tx, replica, room, outcomes)
    }
  }
  const rooms = await roomsByExperiment(tx)
  const room = [...rooms.values()].find((one) => one.sharedId === sharedId)
  if (room === undefined) return null
  return {
    isOfRoom: (of) => !isOfRegistry(of),
    sayHere: (unsaid) => sayWhatIsHere(tx, replica, trust === 'all' ? null : room.experimentId, unsaid),
    places: trust === 'all' ? null : (subjects) => placesOf(tx, room, rooms, subjects),
    write: (outcomes) => writeOutcomes(tx, outcomes, rooms, room, trust)
  }
}

async function mergePart(
  tx: Tx,
  store: Store,
  sharedId: SharedId,
  trust: Trust,
  bySubject: ReadonlyMap<Subject, readonly Incoming[]>
): Promise<Merged> {
  tx.isMerge = true
  const { clock } = store.replica
  const scope = await scopeOf(tx, store, sharedId, trust)
  const subjects = [...bySubject.keys()]
  if (scope === null) return { changed: [], waiting: subjects, isAhead: false, isCopy: false }
  const self = await findWriter(tx)
  const said = await factsOf(tx, self, subjects)
  await scope.sayHere(subjects.filter((subject) => !said.has(subject)))
  const known = await factsOf(tx, self, subjects)
  const standing = await standingOf(tx, subjects)
  const places = (await scope.places?.(subjects)) ?? null

  const waiting: Subject[] = []
  const outcomes: Outcome[] = []
  let isAhead = false
  let isCopy = false
  for (const [subject, incoming] of bySubject) {
    const of = parseSubject(subject)
    if (of === null || !scope.isOfRoom(of)) continue
    const inTime = incoming.filter(({ facts }) => !clock.isAhead(latestOf(facts), SYNC.aheadMs))
    isAhead ||= inTime.length < incoming.length
    const { all, seqs } = known.get(subject) ?? NOTHING_SAID
    const joined = joinIncoming(
      all,
      inTime.filter(({ writer }) => writer !== self)
    )
    const [before, after] = [winnersOf(all), winnersOf(joined.all)]
    const at = standing.get(subject) ?? null
    if (places !== null && !mayTell({ of, before, after, standing: at }, places)) {
      waiting.push(subject)
      continue
    }
    isCopy ||= inTime.some(({ writer, facts }) => writer === self && facts.to > (seqs.get(writer) ?? 0))
    const isWhole = after.has(FIELDS.genesis) || isPurged(after)
    if (joined.hasGap || !isWhole) waiting.push(subject)
    // What this room says may be known from another: that it stands here is news all the same.
    const arrives = places !== null && at !== null && roomAfter({ after, standing: at }, sharedId) !== at.room
    if (isWhole && (joined.news.length > 0 || arrives))
      outcomes.push({ subject, of, before, after, standing: at, records: joined.records, news: joined.news })
  }
  for (const { records } of outcomes) for (const { facts } of records) clock.see(latestOf(facts))
  await scope.write(outcomes)
  return { changed: outcomes.map(({ subject }) => subject), waiting, isAhead, isCopy }
}

/** Rows of an experiment, or of any, that nobody has said anything of (a copy of the same store was here already) are said first. */
async function sayWhatIsHere(
  tx: Tx,
  replica: Replica,
  experiment: ExperimentId | null,
  subjects: readonly Subject[]
): Promise<void> {
  const { runs, models } = await infosOf(tx, subjects)
  const isMeant = (info: { readonly experimentId: ExperimentId }) =>
    experiment === null || info.experimentId === experiment
  await captureUnsaid(tx, replica, {
    rooms: [],
    runs: runs.filter(isMeant).map(({ runId }) => runId),
    models: models.filter(isMeant).map(({ modelId }) => modelId)
  })
}

async function placesOf(
  tx: Tx,
  { sharedId }: Room,
  rooms: ReadonlyMap<ExperimentId, Room>,
  subjects: readonly Subject[]
): Promise<Places> {
  const { runs, models } = await infosOf(tx, subjects)
  const here = new Set([...rooms.values()].map((room) => room.sharedId))
  const shown = new Map<string, ExperimentId>([
    ...runs.map(({ runId, experimentId }) => [runId, experimentId] as const),
    ...models.map(({ modelId, experimentId }) => [modelId, experimentId] as const)
  ])
  return { room: sharedId, isHere: (id) => here.has(id), shownIn: ({ id }) => shown.get(id) ?? null }
}

async function infosOf(tx: Tx, subjects: readonly Subject[]) {
  const all = subjects.map(parseSubject)
  return {
    runs: await getRunInfos(
      tx,
      all.flatMap((of) => (of?.kind === 'run' ? [of.id] : []))
    ),
    models: await loggedModelInfos(
      tx,
      all.flatMap((of) => (of?.kind === 'logged-model' ? [of.id] : []))
    )
  }
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
  room: Room,
  trust: Trust
): Promise<void> {
  const batch = new RowBatch()
  const all = await homes(tx, rooms)
  const own = all.get(room.sharedId)!
  const placeOf = (winners: Winners) => (trust === 'all' ? homeIn(all, winners) : undefined) ?? own
  const standsIn = (one: Outcome) => roomFor(one, room, trust)
  const living = outcomes.filter(({ after }) => !isPurged(after))
  const of = <K extends SubjectOf['kind']>(kind: K) => living.filter((one) => one.of.kind === kind)
  for (const one of of('experiment')) await writeExperiment(tx, batch, changedOf<ExperimentId>(one, room.experimentId))

  const runs = of('run').sort((a, b) => numberOf(a) - numberOf(b))
  const infos = await writeRuns(
    tx,
    batch,
    runs.map((one) => changedOf(one, one.of.id as RunId)),
    placeOf
  )
  // A param that lost changes no row, and is shown beside the one that won.
  for (const { of, news } of runs)
    if (news.some(({ facts }) => facts.cells.some(({ field }) => field.startsWith(PREFIXES.param))))
      tx.changes.add('param', { run: of.id as RunId, experiment: infos.get(of.id as RunId)!.experimentId })
  const models = of('logged-model').map((one) => changedOf(one, one.of.id as ModelId))
  await writeModels(tx, batch, models, placeOf)
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
    living.flatMap((one) => strayOf(one, standsIn(one), all)),
    rooms
  )
  await purgeGone(tx, outcomes)
  await keepFacts(tx, outcomes, standsIn)
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

/** In which room a subject stands from now on. */
function roomFor({ of, after, standing }: Outcome, { sharedId }: Room, trust: Trust): SharedId {
  if (of.kind === 'experiment') return sharedId
  return trust === 'all' ? (homeOf(after) ?? sharedId) : roomAfter({ after, standing }, sharedId)
}

/** One that says where it stands, if that is here. */
function strayOf({ of, before, after, standing }: Outcome, room: SharedId, all: ReadonlyMap<string, Home>): Stray | [] {
  const home = all.get(room)
  if (home === undefined || of.kind === 'experiment' || homeOf(after) !== room) return []
  const isSaid = !isSameJson(before.get(FIELDS.home)?.value, after.get(FIELDS.home)?.value)
  return { of, home: home.experimentId, isNews: isSaid || standing?.room !== room }
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

async function keepFacts(tx: Tx, outcomes: readonly Outcome[], standsIn: (one: Outcome) => SharedId): Promise<void> {
  await putRecords(
    tx,
    outcomes.flatMap(({ subject, records }) => records.map((record) => ({ subject, ...record })))
  )
  for (const one of outcomes) {
    const room = standsIn(one)
    await putStanding(tx, one.subject, one.standing, room)
    const home = homeOf(one.after)
    // Whoever follows the room it goes to looks for it there.
    if (home !== null && home !== room) noteLeaving(tx, one.of)
  }
}

function noteLeaving(tx: Tx, of: SubjectOf): void {
  if (of.kind === 'run') tx.changes.add('leaving', { run: of.id })
  if (of.kind === 'logged-model') tx.changes.add('leaving', { model: of.id })
}
