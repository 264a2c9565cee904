import type { ExperimentId } from '#lib/domain/ids.ts'
import { parseSubject, type SharedId, type SubjectOf } from '#lib/domain/sync/subject.ts'
import type { Tx } from '../database.ts'
import { loggedModelInfos } from '../logged-models.ts'
import { moveRunsTo } from '../run-moves.ts'
import { getRunInfos } from '../runs.ts'
import { subjectsOfRoom } from './fact-rows.ts'
import { moveModels } from './model-rows.ts'
import { roomsByExperiment, type Room } from './rooms.ts'

/** What says where it stands. */
export interface Stray {
  readonly of: Exclude<SubjectOf, { readonly kind: 'experiment' }>
  readonly home: ExperimentId
  /** Whether it says so only now. */
  readonly isNews: boolean
}

/** Move what stands elsewhere than it says. What somebody here put into an experiment nobody shares stays there until it moves again. */
export async function bringHome(
  tx: Tx,
  strays: readonly Stray[],
  rooms: ReadonlyMap<ExperimentId, Room>
): Promise<void> {
  const runs = strays.flatMap(({ of, ...rest }) => (of.kind === 'run' ? [{ id: of.id, ...rest }] : []))
  const models = strays.flatMap(({ of, ...rest }) => (of.kind === 'logged-model' ? [{ id: of.id, ...rest }] : []))
  const infos = await getRunInfos(
    tx,
    runs.map(({ id }) => id)
  )
  const runsAt = new Map(infos.map((info) => [info.runId, info.experimentId]))
  const isAway = ({ home, isNews }: Pick<Stray, 'home' | 'isNews'>, at: ExperimentId | undefined): boolean =>
    at !== undefined && at !== home && (isNews || rooms.has(at))
  const away = runs.filter((run) => isAway(run, runsAt.get(run.id)))
  for (const [home, group] of Map.groupBy(away, (run) => run.home))
    await moveRunsTo(
      tx,
      group.map(({ id }) => id),
      home
    )
  // Models go with the runs that made them, so they are looked at after those have moved.
  const modelInfos = await loggedModelInfos(
    tx,
    models.map(({ id }) => id)
  )
  const modelsAt = new Map(modelInfos.map((info) => [info.modelId, info.experimentId]))
  for (const model of models) if (isAway(model, modelsAt.get(model.id))) await moveModels(tx, [model.id], model.home)
}

/** A room was joined: what stands in it and was shown elsewhere until now goes there. */
export async function bringToRoom(tx: Tx, id: SharedId, home: ExperimentId): Promise<void> {
  const strays = (await subjectsOfRoom(tx, id)).flatMap((subject): Stray[] => {
    const of = parseSubject(subject)
    return of === null || of.kind === 'experiment' ? [] : [{ of, home, isNews: false }]
  })
  await bringHome(tx, strays, await roomsByExperiment(tx))
}
