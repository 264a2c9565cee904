/** Stores that share experiments: what they hold, put so that two that agree are equal. */
import type { Json } from '#lib/domain/json.ts'
import { pointsOf } from '#lib/domain/series.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import { metricHistory } from '#lib/store/histories.ts'
import { metricsOfRuns } from '#lib/store/metrics.ts'
import type { Store } from '#lib/store/store.ts'
import { cellsOfExperiments, cellsOfModels, cellsOfRuns, type CellValues } from '#lib/store/sync/cells-of-rows.ts'
import { factsOf, subjectsOfRoom } from '#lib/store/sync/fact-rows.ts'
import { findWriter } from '#lib/store/sync/replica.ts'
import { findRoom, roomsByExperiment } from '#lib/store/sync/rooms.ts'
import { cellsOfModelVersions, cellsOfRegisteredModels } from '#lib/store/sync/registered-cells.ts'
import { parseSubject, REGISTRY } from '#lib/domain/sync/subject.ts'
import { FIELDS, winnersOf } from '#lib/domain/sync/cells.ts'

export type Projection = Record<string, Json>

/** What rows say of a shared experiment, by subject: cells, and of runs all points and what is known of each series. */
export async function projectionOf(store: Store, room: SharedId): Promise<Projection> {
  if (room === REGISTRY) return registryOf(store)
  const { subjects, cells, heads } = await store.read(async (r) => {
    const found = await findRoom(r, room)
    const rooms = await roomsByExperiment(r)
    const subjects = await subjectsOfRoom(r, room)
    const of = subjects.map(parseSubject)
    const runs = of.flatMap((one) => (one?.kind === 'run' ? [one.id] : []))
    const models = of.flatMap((one) => (one?.kind === 'logged-model' ? [one.id] : []))
    const experiments = await cellsOfExperiments(r, found ? [found.experimentId] : [])
    const cells = new Map<string, CellValues>([
      ...Array.from(experiments, ([, own]) => [`x${room}`, own] as const),
      ...Array.from(await cellsOfRuns(r, runs, rooms), ([id, own]) => [`r${id}`, own] as const),
      ...Array.from(await cellsOfModels(r, models, rooms), ([id, own]) => [`l${id}`, own] as const)
    ])
    return { subjects, cells, heads: await metricsOfRuns(r, runs) }
  })
  const projection: Projection = {}
  for (const subject of subjects) {
    const values = cells.get(subject)
    const of = parseSubject(subject)
    projection[subject] = values === undefined ? null : plain(values)
    if (of?.kind !== 'run') continue
    for (const { key, last, min, max, count } of heads.get(of.id) ?? []) {
      const points = pointsOf(await metricHistory(store, of.id, key))
      projection[`${subject} ${key}`] = {
        last: text(last.value),
        lastStep: last.step,
        min: text(min),
        max: text(max),
        count,
        points: points.map(({ step, timestamp, value }) => `${timestamp} ${step} ${text(value)}`)
      }
    }
  }
  return projection
}

/** With the number each version goes by, which does not follow from its own facts alone; aliases name versions by their ids. */
async function registryOf(store: Store): Promise<Projection> {
  return store.read(async (r) => {
    const projection: Projection = {}
    const rows = await r.db.selectFrom('model_versions').select(['runnel_id', 'version']).execute()
    const numbers = new Map(rows.map(({ runnel_id, version }) => [runnel_id, version]))
    for (const subject of await subjectsOfRoom(r, REGISTRY)) {
      const of = parseSubject(subject)
      const cells =
        of?.kind === 'registered-model'
          ? (await cellsOfRegisteredModels(r, [of.id])).get(of.id)
          : of?.kind === 'model-version'
            ? (await cellsOfModelVersions(r, [of.id])).get(of.id)
            : undefined
      projection[subject] = cells === undefined ? null : plain(cells)
      if (cells !== undefined && of?.kind === 'model-version') projection[`${subject} number`] = numbers.get(of.id)!
    }
    return projection
  })
}

const text = (value: number | null): string => (Object.is(value, -0) ? '-0' : String(value))

/** A run's number is each store's own. */
function plain(values: CellValues): Json {
  const sorted = [...values].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([field, value]) => {
    if (field !== FIELDS.genesis || value === null || typeof value !== 'object' || Array.isArray(value))
      return [field, value]
    const { n, ...rest } = value as Record<string, Json>
    return [field, typeof n === 'number' ? rest : value]
  })
}

/** What the winners of all facts are, by subject: what rows must say. */
export async function winnersIn(store: Store, room: SharedId): Promise<Projection> {
  return store.read(async (r) => {
    const known = await factsOf(r, await findWriter(r), await subjectsOfRoom(r, room))
    return Object.fromEntries(
      [...known].map(([subject, { all }]) => [
        subject,
        [...winnersOf(all)]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([field, { value, hlc, writer }]) => [field, value, hlc, writer] as Json)
      ])
    )
  })
}
