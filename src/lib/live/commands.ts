import { parseArtifactPath } from '#lib/domain/artifact.ts'
import { absent, invalid } from '#lib/domain/errors.ts'
import {
  parseExperimentId,
  parseModelId,
  parseRunId,
  type ExperimentId,
  type ModelId,
  type RunId
} from '#lib/domain/ids.ts'
import { isRunStatus, isTerminal } from '#lib/domain/run.ts'
import { validateExperimentName, validateExperimentTag, validateRunTag } from '#lib/domain/validate.ts'
import { isViewOf, validateViewName, validateViewState, type ViewOf } from '#lib/domain/view.ts'
import { openBelowRoot } from '#lib/store/artifact-roots.ts'
import type { Reader } from '#lib/store/database.ts'
import {
  createExperiment,
  deleteExperiment,
  renameExperiment,
  restoreExperiment,
  setExperimentTag
} from '#lib/store/experiments.ts'
import { revokeGrant } from '#lib/store/grants.ts'
import { getLoggedModelInfo } from '#lib/store/logged-models.ts'
import { metricHistory } from '#lib/store/histories.ts'
import { getRunInfo, requireActiveRun, updateRun } from '#lib/store/runs.ts'
import { writeSetting } from '#lib/store/settings.ts'
import type { Store } from '#lib/store/store.ts'
import { deleteRunTag, setRunTags } from '#lib/store/tags.ts'
import { allInTrash, deleteForGood } from '#lib/store/trash.ts'
import { deleteView, renameView, saveView } from '#lib/store/views.ts'
import { createBulkCommands } from './bulk-commands.ts'
import { NO_SHARING } from './no-sharing.ts'
import { createFileCommands } from './file-commands.ts'
import { createSharingCommands } from './sharing-commands.ts'
import type { LiveHostParts } from './host.ts'
import type { Notebooks } from './notebooks.ts'
import type { Commands, Durability } from './protocol.ts'
import { matchingIds } from './runs-view.ts'

export const DURABILITY_SETTING = 'durability'

export const isDurability = (value: unknown): value is Durability => value === 'relaxed' || value === 'strict'

/** Every command of the protocol over a store. Arguments come from a page of ours, and are checked all the same. */
export function createCommands(
  store: Store,
  notebooks: Notebooks,
  {
    applyDurability,
    giveRoomBack,
    sharing = NO_SHARING,
    files
  }: Pick<LiveHostParts, 'applyDurability' | 'giveRoomBack' | 'sharing' | 'files'>
): Commands {
  return {
    createExperiment: (name) => {
      validateExperimentName(name)
      return store.write((tx) => createExperiment(tx, { name }))
    },
    renameExperiment: (id, name) => {
      validateExperimentName(name)
      return store.write((tx) => renameExperiment(tx, experiment(id), name))
    },
    setExperimentTag: (id, key, value) => {
      validateExperimentTag({ key, value })
      return store.write((tx) => setExperimentTag(tx, experiment(id), key, value))
    },
    deleteExperiment: (id) => store.write((tx) => deleteExperiment(tx, experiment(id))),
    restoreExperiment: (id) => store.write((tx) => restoreExperiment(tx, experiment(id))),
    renameRun: (id, name) => {
      if (name.trim() === '') throw invalid('A run needs a name.')
      return store.write(async (tx) => void (await updateRun(tx, parseRunId(id), { name })))
    },
    setRunTag: (id, key, value) => {
      validateRunTag({ key, value })
      return store.write(async (tx) => setRunTags(tx, await requireActiveRun(tx, parseRunId(id)), [{ key, value }]))
    },
    deleteRunTag: (id, key) =>
      store.write(async (tx) => deleteRunTag(tx, await requireActiveRun(tx, parseRunId(id)), key)),
    setRunStatus: (id, status) => {
      if (!isRunStatus(status)) throw invalid(`Unknown run status ${JSON.stringify(status)}.`)
      return store.write(async (tx) => {
        await updateRun(tx, parseRunId(id), { status, ...(isTerminal(status) && { endTime: tx.now }) })
      })
    },
    ...createBulkCommands(store),
    saveView: (id, of, name, state) => {
      validateViewName(name)
      validateViewState(state)
      return store.write((tx) => saveView(tx, experiment(id), viewOf(of), name, state))
    },
    renameView: (id, of, name, to) => {
      validateViewName(to)
      if (to === '') throw invalid('A view needs a name.')
      return store.write((tx) => renameView(tx, experiment(id), viewOf(of), name, to))
    },
    deleteView: (id, of, name) => store.write((tx) => deleteView(tx, experiment(id), viewOf(of), name)),
    emptyTrash: async () => {
      const { experiments, runs } = await deleteForGood(store, allInTrash)
      const bytes = await store.sweepBlobs()
      void giveRoomBack()
      return { experiments, runs, bytes }
    },
    runIds: (query) => store.read((r) => matchingIds(r, query)),
    readArtifact: (runId, path, modelId) => readArtifact(store, { runId, modelId, path }),
    history: (runId, key) => metricHistory(store, parseRunId(runId), key),
    setDurability: async (durability) => {
      if (!isDurability(durability)) throw invalid(`Unknown durability ${JSON.stringify(durability)}.`)
      await store.write((tx) => writeSetting(tx, DURABILITY_SETTING, durability))
      applyDurability(durability)
    },
    revokeGrant: async (origin) => {
      await store.write((tx) => revokeGrant(tx, origin))
      notebooks.disconnect(origin)
    },
    answerConsent: (id, allow) => {
      notebooks.answer(id, allow)
      return Promise.resolve()
    },
    ...createFileCommands(files),
    ...createSharingCommands(store, sharing)
  }
}

const experiment = (id: ExperimentId): ExperimentId => parseExperimentId(id)

function viewOf(of: ViewOf): ViewOf {
  if (!isViewOf(of)) throw invalid(`There are no views of ${JSON.stringify(of)}.`)
  return of
}

/** Something among the artifacts of a run, or of one of its logged models. */
interface ArtifactName {
  readonly runId: RunId
  readonly modelId?: ModelId | undefined
  readonly path: string
}

/** The artifact root that a page names, and the path below it. Fails when there is no such run or model. */
export async function artifactPlace(
  r: Reader,
  { runId, modelId, path }: ArtifactName
): Promise<{ readonly uri: string; readonly path: string }> {
  const owner =
    modelId === undefined
      ? await getRunInfo(r, parseRunId(runId))
      : await getLoggedModelInfo(r, parseModelId(modelId), { allowDeleted: true })
  return { uri: owner.artifactUri, path: parseArtifactPath(path, { allowRoot: true }) }
}

async function readArtifact(store: Store, name: ArtifactName): Promise<Blob> {
  const { uri, path } = await store.read((r) => artifactPlace(r, name))
  const file = await openBelowRoot(store, uri, path)
  if (!file) throw absent(`No such artifact: ${name.path}`)
  const { blob, mediaType } = file
  return mediaType === null || blob.type === mediaType ? blob : blob.slice(0, blob.size, mediaType)
}
