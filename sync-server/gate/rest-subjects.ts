/** Which experiments a request to MLflow's API is about: what it names, looked up. Names are read by the functions the routes read them by. */
import { artifactRootPath, baseName, parseArtifactPath } from '#lib/domain/artifact.ts'
import { isModelId, isRunId, parseExperimentId, type ExperimentId } from '#lib/domain/ids.ts'
import { pathAfter, queryFields } from '#lib/api/body.ts'
import type { Fields } from '#lib/api/wire/fields.ts'
import type { Reader } from '#lib/store/database.ts'
import { findExperimentByName } from '#lib/store/experiments.ts'
import { loggedModelInfos } from '#lib/store/logged-models.ts'
import { getRunInfos } from '#lib/store/runs.ts'

/** A request whose body has been read. */
export interface Asked {
  readonly url: string
  readonly fields: Fields
  /** Named segments of its path. */
  readonly params: Readonly<Record<string, string>>
}

/**
 * The experiments a request touches; null stands for something that is not there, or is nobody's. A guest must reach all of them.
 * Fails as the route would, with RunnelError for a field that cannot be read.
 */
export type Subjects = (r: Reader, asked: Asked) => Promise<readonly (ExperimentId | null)[]>

export const experiment: Subjects = async (_, { fields }) => [parseExperimentId(fields.requiredText('experiment_id'))]

export const experiments: Subjects = async (_, { fields }) => fields.texts('experiment_ids').map(parseExperimentId)

export const experimentByName: Subjects = async (r, { fields }) => {
  const found = await findExperimentByName(r, fields.requiredText('experiment_name'))
  return [found?.experimentId ?? null]
}

export const run: Subjects = (r, { fields }) => ofRuns(r, [fields.requiredRunId()])

/** Named in the query of a request whose body is a file. */
export const runInQuery: Subjects = (r, { url }) => ofRuns(r, [queryFields(url).requiredRunId()])

export const runList =
  (name: string): Subjects =>
  (r, { fields }) =>
    ofRuns(r, fields.texts(name))

/** A run, and the models that are named with what is logged to it: a point of a model is kept with the model, too. */
export const runAndModels: Subjects = async (r, asked) => {
  const { fields } = asked
  const named = [fields, ...fields.messages('metrics'), ...fields.messages('models')].map((part) =>
    part.text('model_id')
  )
  return [...(await run(r, asked)), ...(await ofKnownModels(r, named))]
}

export const model: Subjects = async (r, { params }) => {
  const id = params['model_id'] ?? ''
  const [info] = isModelId(id) ? await loggedModelInfos(r, [id]) : []
  return [info?.experimentId ?? null]
}

/** A model is made in an experiment, of a run if it says so. */
export const newModel: Subjects = async (r, asked) => {
  const source = asked.fields.text('source_run_id') ?? ''
  const infos = isRunId(source) ? await getRunInfos(r, [source]) : []
  return [...(await experiment(r, asked)), ...infos.map((info) => info.experimentId)]
}

export const artifactInPath: Subjects = (r, { url }) =>
  ownersOf(r, parseArtifactPath(pathAfter(url, '/mlflow-artifacts/artifacts/')))

export const presignedInPath: Subjects = (r, { url }) =>
  ownersOf(r, parseArtifactPath(pathAfter(url, '/mlflow-artifacts/presigned/')))

export const folderInQuery: Subjects = (r, { fields }) =>
  ownersOf(r, parseArtifactPath(fields.text('path') ?? '', { allowRoot: true }))

/** `verb`: of an upload in parts, whose file is a folder of the path and a name of the body. */
export const uploadIn =
  (verb: string): Subjects =>
  (r, { url, fields }) => {
    const folder = parseArtifactPath(pathAfter(url, `/mlflow-artifacts/mpu/${verb}/`))
    const name = parseArtifactPath(baseName(fields.requiredText('path').replaceAll('\\', '/')))
    return ownersOf(r, parseArtifactPath(`${folder}/${name}`))
  }

const ofRuns = async (r: Reader, texts: readonly string[]): Promise<(ExperimentId | null)[]> => {
  const ids = [...new Set(texts)]
  const infos = await getRunInfos(r, ids.filter(isRunId))
  const byId = new Map<string, ExperimentId>(infos.map((info) => [info.runId, info.experimentId]))
  return ids.map((id) => byId.get(id) ?? null)
}

/** Models of other servers are named freely, as MLflow's clients do: there is nothing here that they could touch. */
const ofKnownModels = async (r: Reader, texts: readonly (string | undefined)[]): Promise<ExperimentId[]> => {
  const ids = [...new Set(texts)].filter((text) => text !== undefined).filter(isModelId)
  return ids.length === 0 ? [] : (await loggedModelInfos(r, ids)).map((info) => info.experimentId)
}

/**
 * Whose files stand at a path below the artifact root. The path does not say: a run that was moved has left its files where they were. So
 * every segment that could name a run or a model is looked up, and owns the path when its artifact URI does. Nobody's is null.
 */
const ownersOf = async (r: Reader, path: string): Promise<(ExperimentId | null)[]> => {
  const segments = [...new Set(path.split('/'))]
  const runs = await getRunInfos(r, segments.filter(isRunId))
  const models = await loggedModelInfos(r, segments.filter(isModelId))
  const owners = [...runs, ...models].filter(({ artifactUri }) => isBelow(path, artifactRootPath(artifactUri)))
  return owners.length === 0 ? [null] : owners.map((owner) => owner.experimentId)
}

const isBelow = (path: string, root: string | null): boolean =>
  root !== null && root !== '' && (path === root || path.startsWith(`${root}/`))
