/** Whether a store's rows say what facts say, and are what MLflow would have made of them: looked at without the code that wrote them. */
import type { Json } from '#lib/domain/json.ts'
import { pointsOf } from '#lib/domain/series.ts'
import { FIELDS, isPurged, type Said, type WriterFacts, type Winners } from '#lib/domain/sync/cells.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import { isOfRegistry, parseSubject, type SubjectOf } from '#lib/domain/sync/subject.ts'
import type { Reader } from '#lib/store/database.ts'
import { metricHistory } from '#lib/store/histories.ts'
import { metricsOfRuns } from '#lib/store/metrics.ts'
import type { Store } from '#lib/store/store.ts'
import { cellsOfExperiments, cellsOfModels, cellsOfRuns, type CellValues } from '#lib/store/sync/cells-of-rows.ts'
import { factsOf } from '#lib/store/sync/fact-rows.ts'
import { findWriter } from '#lib/store/sync/replica.ts'
import { listRooms } from '#lib/store/sync/rooms.ts'
import { registryFaults } from './registry-rows.ts'

/** What is wrong, as sentences; `latestAgainstPoints` says what is wrong with series. */
export async function faultsOf(store: Store): Promise<string[]> {
  return [
    ...(await store.read(rowsAgainstFacts)),
    ...(await store.exclusive((engine) =>
      engine
        .all('select name, count(*) as n from experiments group by name having n > 1', [])
        .map(({ name, n }) => `${String(n)} experiments are called ${String(name)}`)
    ))
  ]
}

async function rowsAgainstFacts(r: Reader): Promise<string[]> {
  const rows = await r.db.selectFrom('runnel_subjects').select('subject').orderBy('subject').execute()
  const subjects = rows.map((row) => row.subject as Subject)
  const known = await factsOf(r, await findWriter(r), subjects)
  const winners = new Map([...known].map(([subject, { all }]) => [subject, whoWins(all)]))
  const gone = new Set([...winners].filter(([, own]) => isPurged(own)).map(([subject]) => subject))
  const cells = await cellsOf(r, subjects)
  const faults = await registryFaults(r, winners, gone)
  for (const subject of subjects) {
    const of = parseSubject(subject)!
    if (isOfRegistry(of)) continue
    if (gone.has(subject))
      faults.push(...(await leftOf(r, of)).map((table) => `${table} has rows of ${subject}, which is gone`))
    else faults.push(...compare(subject, winners.get(subject) ?? new Map<string, Said>(), cells.get(subject), gone))
  }
  return faults
}

const FIRST_SAID = /^(g$|p\/|d\/|i\/|o\/|k\/|v\/|w\/)/

/** By hand: of what the first said stays, the first; of the rest, the last. */
function whoWins(all: readonly WriterFacts[]): Map<string, Said> {
  const said = all.flatMap(({ writer, facts }) => facts.cells.map(({ field, ...cell }) => ({ field, ...cell, writer })))
  const inOrder = said.sort((a, b) => a.hlc - b.hlc || (a.writer < b.writer ? -1 : 1))
  const winners = new Map<string, Said>()
  for (const one of inOrder) if (!FIRST_SAID.test(one.field) || !winners.has(one.field)) winners.set(one.field, one)
  return winners
}

async function cellsOf(r: Reader, subjects: readonly Subject[]): Promise<Map<string, CellValues>> {
  const rooms = await listRooms(r)
  const byExperiment = new Map(rooms.map((room) => [room.experimentId, room]))
  const of = subjects.map(parseSubject)
  const runs = of.flatMap((one) => (one?.kind === 'run' ? [one.id] : []))
  const models = of.flatMap((one) => (one?.kind === 'logged-model' ? [one.id] : []))
  const experiments = await cellsOfExperiments(
    r,
    rooms.map(({ experimentId }) => experimentId)
  )
  return new Map([
    ...rooms.map(({ sharedId, experimentId }) => [`x${sharedId}`, experiments.get(experimentId) ?? new Map()] as const),
    ...Array.from(await cellsOfRuns(r, runs, byExperiment), ([id, own]) => [`r${id}`, own] as const),
    ...Array.from(await cellsOfModels(r, models, byExperiment), ([id, own]) => [`l${id}`, own] as const)
  ])
}

function compare(
  subject: Subject,
  winners: Winners,
  cells: CellValues | undefined,
  gone: ReadonlySet<string>
): string[] {
  if (cells === undefined) return [`${subject} has no row`]
  const faults: string[] = []
  for (const [field, { value }] of winners) {
    if (value === null || isExcused(subject, field, cells, gone)) continue
    if (text(field, cells.get(field)) !== text(field, value))
      faults.push(`${subject} ${field}: facts say ${text(field, value)}, the row ${text(field, cells.get(field))}`)
  }
  for (const [field, value] of cells)
    if (
      // A run that moved while it was fed took the dataset along, as it was known here.
      !(subject.startsWith('x') && field.startsWith('d/')) &&
      (winners.get(field)?.value ?? null) === null
    )
      faults.push(`${subject} ${field}: the row says ${text(field, value)}, and no fact does`)
  return faults
}

/** What facts say that rows of this store need not. */
function isExcused(subject: Subject, field: string, cells: CellValues, gone: ReadonlySet<string>): boolean {
  // It stands where nobody shares.
  if (field === FIELDS.home) return !cells.has(field)
  // What is gone took along what named it.
  if (/^[io]\//.test(field)) return gone.has(`l${field.slice(2)}`)
  if (field.startsWith('k/')) return gone.has(`r${(JSON.parse(field.slice(2)) as string[])[3]}`)
  // A dataset goes with the last run that was fed it, and comes with one that moves in, as it was known where that came from.
  return subject.startsWith('x') && field.startsWith('d/')
}

/** A run's number is each store's own. */
function text(field: string, value: Json | undefined): string {
  if (field !== FIELDS.genesis || value === null || typeof value !== 'object') return JSON.stringify(value)
  return JSON.stringify({
    ...(value as Record<string, Json>),
    n: typeof (value as Record<string, Json>)['n'] === 'number' ? 0 : (value as Record<string, Json>)['n']
  })
}

const RUN_TABLES = ['runs', 'params', 'tags', 'latest_metrics', 'runnel_comments', 'runnel_awaited'] as const

/** Tables that have rows of what is gone. */
async function leftOf(r: Reader, of: SubjectOf): Promise<string[]> {
  const left: string[] = []
  const tables =
    of.kind === 'run'
      ? RUN_TABLES.map((table) => [table, 'run_uuid'] as const)
      : of.kind === 'logged-model'
        ? (['logged_models', 'logged_model_params', 'logged_model_tags', 'logged_model_metrics'] as const).map(
            (table) => [table, 'model_id'] as const
          )
        : []
  for (const [table, column] of tables) {
    const row = await r.db
      .selectFrom(table as 'runs')
      .select(column as 'run_uuid')
      .where(column as 'run_uuid', '=', of.id)
      .executeTakeFirst()
    if (row !== undefined) left.push(table)
  }
  const files = await r.db.selectFrom('runnel_artifacts').select('path').where('path', 'like', `%/${of.id}/%`).execute()
  const edges = await r.db
    .selectFrom('inputs')
    .select('input_uuid')
    .where((eb) => eb.or([eb('destination_id', '=', of.id), eb('source_id', '=', of.id)]))
    .execute()
  return [...left, ...files.map(() => 'runnel_artifacts'), ...edges.map(() => 'inputs')]
}

/** Equal to MLflow, the least first. */
const EQUALS = ['NaN', '-0', '0']

/** By MLflow's rule: the greatest step, of those the last timestamp, of those the greatest value. */
export async function latestAgainstPoints(store: Store): Promise<string[]> {
  const heads = await store.read(async (r) => {
    const runs = await r.db.selectFrom('runs').select('run_uuid').execute()
    return metricsOfRuns(
      r,
      runs.map((row) => row.run_uuid as never)
    )
  })
  const faults: string[] = []
  for (const [id, series] of heads)
    for (const { key, last, min, max, count } of series) {
      const points = pointsOf(await metricHistory(store, id, key))
      const value = (one: { value: number }) => (Object.is(one.value, -0) ? '-0' : String(one.value))
      const [best] = points.toSorted(
        (a, b) =>
          b.step - a.step ||
          b.timestamp - a.timestamp ||
          (b.value || 0) - (a.value || 0) ||
          EQUALS.indexOf(value(b)) - EQUALS.indexOf(value(a))
      )
      const numbers = points.map((one) => one.value).filter((one) => !Number.isNaN(one))
      const found = JSON.stringify([last.step, last.timestamp, value(last), min, max, count])
      const made = JSON.stringify([
        best?.step,
        best?.timestamp,
        best && value(best),
        numbers.length === 0 ? null : Math.min(...numbers),
        numbers.length === 0 ? null : Math.max(...numbers),
        points.length
      ])
      if (found !== made) faults.push(`r${id} ${key}: the summary says ${found}, the points ${made}`)
      const distinct = new Set(
        points.map((one) => `${one.step} ${one.timestamp} ${Object.is(one.value, -0) ? '-0' : one.value}`)
      )
      if (distinct.size !== points.length) faults.push(`r${id} ${key}: ${points.length - distinct.size} points twice`)
    }
  return faults
}
