import type { ArtifactEntry } from '#lib/domain/artifact.ts'
import { unreachable } from '#lib/domain/errors.ts'
import { parseExperimentId, parseRunId, type ExperimentId, type RunId } from '#lib/domain/ids.ts'
import { LIVE } from '#lib/domain/limits.ts'
import type { ColumnKind } from '#lib/domain/table-column.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { listBelowRoot } from '#lib/store/artifact-roots.ts'
import { artifactBytesInTrash, artifactUsage } from '#lib/store/artifacts.ts'
import { totals } from '#lib/store/totals.ts'
import type { Change } from '#lib/store/changes.ts'
import type { Reader } from '#lib/store/database.ts'
import { experimentSummaries, getExperiment } from '#lib/store/experiments.ts'
import { listGrants } from '#lib/store/grants.ts'
import { commentsOf, pointCommentsOf } from '#lib/store/comments.ts'
import { experimentKeys } from '#lib/store/keys.ts'
import { conflictsOf } from '#lib/store/sync/conflicts.ts'
import { firstKeys } from '#lib/store/search/keys.ts'
import { runModels } from '#lib/store/run-models.ts'
import { childrenOf, findRunInfo, getRuns } from '#lib/store/runs.ts'
import { readSetting } from '#lib/store/settings.ts'
import type { Store } from '#lib/store/store.ts'
import { runsInTrash } from '#lib/store/trash.ts'
import { fieldValues } from '#lib/store/search/values.ts'
import { listViews } from '#lib/store/views.ts'
import { BestSteps } from './best-steps.ts'
import { ChartAnswers } from './chart-answers.ts'
import { ColumnsView } from './columns-view.ts'
import type { ChartParcel } from './chart-parcel.ts'
import { DURABILITY_SETTING, artifactPlace, isDurability } from './commands.ts'
import type { FileWork } from './file-work.ts'
import type { Notebooks } from './notebooks.ts'
import type {
  Answers,
  ChartQuery,
  ColumnsQuery,
  ExperimentKeys,
  KeysQuery,
  Query,
  RunDetail,
  RunsQuery
} from './protocol.ts'
import { RunsView } from './runs-view.ts'
import { SeriesCache } from './series-cache.ts'
import type { Sharing } from './sharing.ts'

type SharingQuery = Extract<Query, { readonly kind: 'sharing' | 'sync' | 'sync-settings' | 'file-work' }>
type ArtifactsQuery = Extract<Query, { readonly kind: 'artifacts' }>
type RunQuery = Extract<Query, { readonly kind: 'run' }>

/** Charts of a run that are in view at first, on most screens. */
const WARM_SERIES = 12
/** Whoever looks at a run for so long may zoom into its charts. */
const LOOKED_AT_MS = 120

/** What answers draw on besides the store's rows. */
export interface Surroundings {
  readonly notebooks: Notebooks
  /** Bytes of the database in memory, and of the log since the last checkpoint. */
  readonly sizes: () => { readonly databaseBytes: number; readonly logBytes: number }
  readonly sharing: Sharing
  readonly files: Pick<FileWork, 'view'> | null
}

/** What one watch keeps between answers. */
export class WatchMemory {
  readonly runs = new RunsView()
  readonly columns = new ColumnsView()
  readonly chart = new ChartAnswers()
  experimentId: ExperimentId | null = null
  /** Whether the charts of a watched run were made ready. */
  isWarm = false
  /** Whether nobody watches any more. */
  isOver = false

  /** What a commit can have changed is found again; everything when null. */
  invalidate(change: Change | null): void {
    this.runs.invalidate(change)
    this.columns.invalidate(change)
    this.chart.invalidate(change)
  }
}

/** As they travel: a chart comes in parcels. */
export type WireAnswers = Omit<Answers, 'chart'> & { readonly chart: ChartParcel }

/** Answers queries for every page of a host. */
export class Answering {
  readonly #series = new SeriesCache()
  readonly #bestSteps = new BestSteps()
  readonly #around: Surroundings

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Points that were read may have been lost since. */
  forget(): void {
    this.#series.clear()
    this.#bestSteps.forget()
  }

  async answer(store: Store, query: Query, memory: WatchMemory): Promise<WireAnswers[Query['kind']]> {
    // What takes long gives others their turn in between, and what may read files is answered outside the store's lock, or nobody could write meanwhile.
    if (query.kind === 'artifacts') return artifactEntries(store, query)
    if (query.kind === 'runs') return memory.runs.answer(store, query, this.#bestSteps)
    if (query.kind === 'columns') return memory.columns.answer(store, query)
    if (query.kind === 'chart') return memory.chart.parcel(store, this.#series, query)
    // What others know is asked for outside the store's lock, too.
    if (query.kind === 'sharing') return this.#around.sharing.view(parseExperimentId(query.experimentId))
    if (query.kind === 'sync') return this.#around.sharing.summary()
    if (query.kind === 'sync-settings') return this.#around.sharing.settings()
    if (query.kind === 'file-work') return this.#around.files?.view(query.job) ?? null
    if (query.kind === 'run') return this.#run(store, parseRunId(query.runId), memory)
    return store.read((r) => this.#answer(r, query))
  }

  async #run(store: Store, id: RunId, memory: WatchMemory): Promise<RunDetail | null> {
    const detail = await store.read((r) => runDetail(r, id, memory))
    if (detail !== null && !memory.isWarm) {
      memory.isWarm = true
      void this.#warm(store, id, detail, memory)
    }
    return detail
  }

  async #warm(store: Store, id: RunId, { run }: RunDetail, memory: WatchMemory): Promise<void> {
    const keys = run.data.metrics.slice(0, WARM_SERIES).map(({ key }) => key)
    await this.#series.warm(store, id, keys)
    await new Promise((resolve) => setTimeout(resolve, LOOKED_AT_MS))
    await this.#series.openAhead(store, id, keys, () => !memory.isOver)
  }

  async #answer(
    r: Reader,
    query: Exclude<Query, ArtifactsQuery | ChartQuery | ColumnsQuery | RunQuery | RunsQuery | SharingQuery>
  ): Promise<Exclude<WireAnswers[Query['kind']], ChartParcel>> {
    switch (query.kind) {
      case 'experiments':
        return experimentSummaries(r, query.view)
      case 'experiment':
        return (await experimentSummaries(r, 'ALL', parseExperimentId(query.experimentId)))[0] ?? null
      case 'keys':
        return keysOf(r, query)
      case 'values':
        return fieldValues(r, { ...query, experimentId: parseExperimentId(query.experimentId) })
      case 'views':
        return listViews(r, parseExperimentId(query.experimentId), query.of)
      case 'trash':
        return {
          experiments: await experimentSummaries(r, 'DELETED_ONLY'),
          runs: await runsInTrash(r),
          artifactBytes: await artifactBytesInTrash(r)
        }
      case 'settings': {
        const durability = await readSetting(r, DURABILITY_SETTING)
        return { durability: isDurability(durability) ? durability : 'relaxed', grants: await listGrants(r) }
      }
      case 'storage': {
        const artifacts = await artifactUsage(r)
        return {
          ...this.#around.sizes(),
          ...(await totals(r)),
          artifactBytes: artifacts.bytes,
          artifactCount: artifacts.count
        }
      }
      case 'notebooks':
        return this.#around.notebooks.view()
      case 'comments':
        return commentsOf(r, parseRunId(query.runId))
      case 'point-comments':
        return pointCommentsOf(r, parseExperimentId(query.experimentId))
      default:
        return unreachable(query)
    }
  }
}

async function keysOf(r: Reader, { experimentId, search = '', limit }: KeysQuery): Promise<ExperimentKeys> {
  const id = parseExperimentId(experimentId)
  if (search === '' && limit === undefined) return experimentKeys(r, id)
  const { keys, totals } = await firstKeys(r, id, search, limit ?? LIVE.window)
  const of = (kind: ColumnKind): string[] => keys.filter((found) => found.kind === kind).map(({ key }) => key)
  return { params: of('param'), metrics: of('metric'), tags: of('tag'), totals }
}

/** A folder of the disk may be slow, and nobody writes while a read goes on: so it is listed after the read. */
async function artifactEntries(store: Store, query: ArtifactsQuery): Promise<readonly ArtifactEntry[]> {
  const { uri, path } = await store.read((r) => artifactPlace(r, query))
  return listBelowRoot(store, uri, path)
}

async function runDetail(r: Reader, id: RunId, memory: WatchMemory): Promise<RunDetail | null> {
  const [run] = await getRuns(r, [id])
  if (!run) return null
  memory.experimentId = run.info.experimentId
  const parentId = run.data.tags.find((tag) => tag.key === TAGS.parentRunId)?.value
  return {
    run,
    experiment: await getExperiment(r, run.info.experimentId),
    parent: parentId ? await findRunInfo(r, parentId as RunId) : null,
    children: await childrenOf(r, id),
    models: await runModels(r, run),
    conflicts: await conflictsOf(r, id)
  }
}
