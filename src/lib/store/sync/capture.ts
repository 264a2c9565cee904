/**
 * Facts of what a transaction did, in that same transaction: the outbox.
 *
 *   what it touched ─► of it, what is shared ─► rows now, compared with what was said before ─► one frame a subject
 *
 * Comparing, and not telling, is what keeps rows and facts one: a change by whatever way is found, and one that was said already is not said
 * again. Points alone are told (`tx.points`), since nobody compares histories.
 */
import { RunnelError } from '#lib/domain/errors.ts'
import type { ExperimentId, ModelId, RunId } from '#lib/domain/ids.ts'
import { experimentSubject, modelSubject, runSubject } from '#lib/domain/sync/subject.ts'
import type { ChangeKind } from '../changes.ts'
import type { Tx } from '../database.ts'
import { getRunInfos } from '../runs.ts'
import { loggedModelInfos } from '../logged-models.ts'
import { captureRegistry } from './capture-registry.ts'
import { cellsOfExperiments, cellsOfModels, cellsOfRuns } from './cells-of-rows.ts'
import { seqsOfSubjects } from './fact-rows.ts'
import type { Replica } from './replica.ts'
import { isAnythingShared, roomsByExperiment, type Room } from './rooms.ts'
import { sayAll, sayWhatIsNew, type Look, type PointsBySubject } from './say.ts'

/** Changes that show in cells. Of points alone there is nothing to compare. */
const IN_CELLS: readonly ChangeKind[] = [
  'experiment',
  'run',
  'param',
  'tag',
  'dataset',
  'artifact',
  'logged-model',
  'comment'
]

export async function captureFacts(tx: Tx, replica: Replica): Promise<void> {
  if (tx.isMerge || tx.changes.kinds.size === 0) return
  if (tx.changes.registered.size > 0) await captureRegistry(tx, replica)
  if (!(await isAnythingShared(tx))) return
  const rooms = await roomsByExperiment(tx)
  const looks = IN_CELLS.some((kind) => tx.changes.kinds.has(kind)) ? await lookAtTouched(tx, rooms) : []
  const points = await sharedPoints(tx, rooms)
  refuseViewers(tx, rooms)
  await sayWhatIsNew(tx, replica, looks, points)
}

/** Whoever may only look changes nothing here either: it could be told to nobody. */
function refuseViewers(tx: Tx, rooms: ReadonlyMap<ExperimentId, Room>): void {
  const told = tx.changes.kinds.has('metric') || IN_CELLS.some((kind) => tx.changes.kinds.has(kind))
  const viewed = [...tx.changes.experiments].some((id) => rooms.get(id)?.role === 'viewer')
  if (told && viewed)
    throw new RunnelError(
      'PERMISSION_DENIED',
      'This experiment was shared with you to look at. To change it, ask whoever shared it for a link for editors.'
    )
}

/** Subjects of which rows are here that nobody has said anything of. */
export interface Unsaid {
  readonly rooms: readonly Room[]
  readonly runs: readonly RunId[]
  readonly models: readonly ModelId[]
}

/** Make facts of all that rows say of some subjects: for when an experiment becomes shared. */
export async function captureUnsaid(tx: Tx, replica: Replica, { rooms, runs, models }: Unsaid): Promise<void> {
  const byExperiment = await roomsByExperiment(tx)
  const looks = [
    ...(await lookAtExperiments(tx, rooms)),
    ...Array.from(await cellsOfRuns(tx, runs, byExperiment), ([id, now]) => ({ subject: runSubject(id), now })),
    ...Array.from(await cellsOfModels(tx, models, byExperiment), ([id, now]) => ({ subject: modelSubject(id), now }))
  ]
  await sayAll(tx, replica, looks)
}

// ── what is looked at ───────────────────────────────────────────────────────────────────────────────────────────────────────────

async function lookAtTouched(tx: Tx, rooms: ReadonlyMap<ExperimentId, Room>): Promise<Look[]> {
  const { experiments, runs, models } = tx.changes
  const touchedRooms = [...experiments].flatMap((id) => rooms.get(id) ?? [])
  return [
    // What is known of datasets stands with the experiment.
    ...(tx.changes.kinds.has('experiment') || tx.changes.kinds.has('dataset')
      ? await lookAtExperiments(tx, touchedRooms)
      : []),
    ...(await lookAtRuns(tx, [...runs], rooms)),
    ...(await lookAtModels(tx, [...models], rooms))
  ]
}

async function lookAtExperiments(tx: Tx, rooms: readonly Room[]): Promise<Look[]> {
  const cells = await cellsOfExperiments(
    tx,
    rooms.map(({ experimentId }) => experimentId)
  )
  return rooms.map(({ sharedId, experimentId }) => ({
    subject: experimentSubject(sharedId),
    now: cells.get(experimentId) ?? null
  }))
}

async function lookAtRuns(tx: Tx, ids: readonly RunId[], rooms: ReadonlyMap<ExperimentId, Room>): Promise<Look[]> {
  const infos = new Map((await getRunInfos(tx, ids)).map((info) => [info.runId, info]))
  const known = await seqsOfSubjects(tx, null, ids.map(runSubject))
  // One that left for an experiment nobody shares, or is gone, was shared while there are facts of it.
  const shared = ids.filter((id) => isIn(rooms, infos.get(id)) || known.has(runSubject(id)))
  const cells = await cellsOfRuns(tx, shared, rooms)
  return shared.map((id) => ({ subject: runSubject(id), now: cells.get(id) ?? null }))
}

async function lookAtModels(tx: Tx, ids: readonly ModelId[], rooms: ReadonlyMap<ExperimentId, Room>): Promise<Look[]> {
  const infos = new Map((await loggedModelInfos(tx, ids)).map((info) => [info.modelId, info]))
  const known = await seqsOfSubjects(tx, null, ids.map(modelSubject))
  const shared = ids.filter((id) => isIn(rooms, infos.get(id)) || known.has(modelSubject(id)))
  const cells = await cellsOfModels(tx, shared, rooms)
  return shared.map((id) => ({ subject: modelSubject(id), now: cells.get(id) ?? null }))
}

const isIn = (
  rooms: ReadonlyMap<ExperimentId, Room>,
  info: { readonly experimentId: ExperimentId } | undefined
): boolean => info !== undefined && rooms.has(info.experimentId)

async function sharedPoints(tx: Tx, rooms: ReadonlyMap<ExperimentId, Room>): Promise<PointsBySubject> {
  const elsewhere = tx.points.filter(({ experimentId }) => !rooms.has(experimentId))
  // One that left for an experiment nobody shares goes on being shared.
  const known = await seqsOfSubjects(tx, null, [...new Set(elsewhere.map(({ runId }) => runSubject(runId)))])
  const shared = tx.points.filter(({ experimentId, runId }) => rooms.has(experimentId) || known.has(runSubject(runId)))
  return new Map(
    [...Map.groupBy(shared, ({ runId }) => runSubject(runId))].map(([subject, own]) => [
      subject,
      new Map([...Map.groupBy(own, ({ key }) => key)].map(([key, parts]) => [key, parts.map(({ points }) => points)]))
    ])
  )
}
