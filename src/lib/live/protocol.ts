/**
 * The page's view of a store, over a message port.
 *
 * A page opens one session and watches queries by number. A query is answered once at once, and again (at most once a frame) whenever a
 * commit touches what it names. Pages ask for windows, never for everything. Commands resolve when their effect is durable.
 */
import type { Aggregate, TextSummary } from '#lib/domain/aggregate.ts'
import type { ArtifactEntry } from '#lib/domain/artifact.ts'
import type { Band } from '#lib/domain/bands.ts'
import type { MovedRun, RunName, RunState, RunTag } from '#lib/domain/bulk.ts'
import type { Drawn } from '#lib/domain/downsample.ts'
import type { WireError } from '#lib/domain/errors.ts'
import type { Experiment, ExperimentSummary } from '#lib/domain/experiment.ts'
import type { ExperimentId, ModelId, RunId } from '#lib/domain/ids.ts'
import type { ViewType } from '#lib/domain/lifecycle.ts'
import type { Run, RunInfo, RunStatus } from '#lib/domain/run.ts'
import type { RunModels } from '#lib/domain/run-model.ts'
import type { Field } from '#lib/domain/search/tree.ts'
import type { SeriesAxis } from '#lib/domain/series.ts'
import type { ColumnKind, ColumnRef, GroupKey, RunSort } from '#lib/domain/table-column.ts'
import type { Curve, Smoothing } from '#lib/domain/smoothing.ts'
import type { EpochMs } from '#lib/domain/time.ts'
import type { SavedView, ViewOf } from '#lib/domain/view.ts'
import type { SaveState } from '#lib/store/journal.ts'
import type { FieldValues } from '#lib/store/search/values.ts'
import type { CommentPoint, PointComment, RunComment } from '#lib/domain/comment.ts'
import type { ParamConflict } from '#lib/domain/sync/cells.ts'
import type { MergeOutcome } from '#lib/store/files/merge-file.ts'
import type { FileState } from '#lib/store/files/progress.ts'
import type { NewShare, ShareLink, SharingView, SyncSettings, SyncView } from './sharing.ts'

export type { ColumnKind, ColumnRef, FieldValues, FileState, MergeOutcome, SaveState }

// ── queries ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface RunsQuery {
  readonly kind: 'runs'
  readonly experimentIds: readonly ExperimentId[]
  /** The search grammar; `''` for all. */
  readonly filter: string
  /** MLflow order_by items, most significant first. */
  readonly orderBy: readonly string[]
  /** What is ordered by before those, most significant first: values that MLflow's grammar has no word for, too. */
  readonly sort?: readonly RunSort[]
  readonly view: ViewType
  /** Row window, half open, 0-based in the order asked for; of lines where a tree or groups are asked for. */
  readonly from: number
  readonly to: number
  /** Whose values each row carries, in this order. */
  readonly columns: readonly ColumnRef[]
  /** Children stand below their parents, and the ancestors of matches come with them. Not together with groups. */
  readonly tree?: boolean
  /** Runs are gathered by these, the outermost first. */
  readonly groupBy?: readonly GroupKey[]
  /** Ids of what is folded otherwise than it starts: a run of a tree starts open, a group closed. */
  readonly toggled?: readonly string[]
}

/** The keys an experiment's runs have ever used. */
export interface KeysQuery {
  readonly kind: 'keys'
  readonly experimentId: ExperimentId
  /** Only those that hold this, whatever the case of ASCII letters. */
  readonly search?: string
  /** At most this many of each kind, with `search` or without; all of them when left out. */
  readonly limit?: number
}

/** Columns there are to choose from, as one list: metrics, params, tags; what a system logged comes last of its kind. */
export interface ColumnsQuery {
  readonly kind: 'columns'
  readonly experimentId: ExperimentId
  /** As of KeysQuery; `''` for all. */
  readonly search: string
  /** Of these kinds only; of all when left out. */
  readonly of?: readonly ColumnKind[]
  /** Look at these only, and keep their order; at whatever was logged when null. */
  readonly among: readonly ColumnRef[] | null
  /** Left out of the list, such as what is shown already. */
  readonly except?: readonly ColumnRef[]
  /**
   * Only those that differ between the runs this finds: at least two runs have values that are not the same. Having none is no value, so
   * that a key which few runs have does not differ by that alone. Null for all columns.
   */
  readonly varying: Pick<RunsQuery, 'filter' | 'view'> | null
  /** Half open, 0-based. */
  readonly from: number
  readonly to: number
}

export type ChartAxis = SeriesAxis

/** What stands under a key among an experiment's active runs: for completing a filter. */
export interface ValuesQuery {
  readonly kind: 'values'
  readonly experimentId: ExperimentId
  readonly field: Field
  /** Only values that hold this text, capitals or not. */
  readonly typed: string
}

/** What a chart's x axis counts: as of a series, or the values of another metric of the same run, joined by step. */
export type ChartX = SeriesAxis | { readonly metric: string }

/** One metric of many runs, as one picture. */
export interface ChartQuery {
  readonly kind: 'chart'
  readonly runIds: readonly RunId[]
  readonly key: string
  readonly x: ChartX
  /** In units of x (steps, epoch ms, ms since each run's start, values); null for all of it. */
  readonly range: readonly [number, number] | null
  /** At most this many buckets: the chart's width in pixels. */
  readonly buckets: number
  readonly smoothing: Smoothing | null
  /** For each run the number of its group, parallel to `runIds`; null when no bands are wanted. */
  readonly groups: readonly number[] | null
}

export type Query =
  | { readonly kind: 'experiments'; readonly view: ViewType }
  | { readonly kind: 'experiment'; readonly experimentId: ExperimentId }
  | RunsQuery
  | KeysQuery
  | ColumnsQuery
  | ValuesQuery
  | { readonly kind: 'views'; readonly experimentId: ExperimentId; readonly of: ViewOf }
  | { readonly kind: 'run'; readonly runId: RunId }
  | ChartQuery
  /** Of the run, or of one of its logged models. */
  | { readonly kind: 'artifacts'; readonly runId: RunId; readonly modelId?: ModelId; readonly path: string }
  | { readonly kind: 'trash' }
  | { readonly kind: 'settings' }
  | { readonly kind: 'storage' }
  | { readonly kind: 'notebooks' }
  | { readonly kind: 'sharing'; readonly experimentId: ExperimentId }
  | { readonly kind: 'sync' }
  | { readonly kind: 'sync-settings' }
  /** Comments on a run, and on points of its charts. */
  | { readonly kind: 'comments'; readonly runId: RunId }
  /** Comments on points of the charts of all runs of an experiment. */
  | { readonly kind: 'point-comments'; readonly experimentId: ExperimentId }
  /** How far a file is written or merged, by the name the page gave that. */
  | { readonly kind: 'file-work'; readonly job: string }

export type QueryKind = Query['kind']

// ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One row of the runs table. `cells[i]` is the value of `columns[i]`: text, a metric's value (NaN possible), or null when absent. */
export interface RunRow extends RunInfo {
  readonly parentRunId: RunId | null
  readonly cells: readonly (string | number | null)[]
}

export interface RunsWindow {
  /** All rows, not only this window: the matches, or the lines of their tree or groups. */
  readonly total: number
  /** The runs that match. */
  readonly matches: number
  readonly from: number
  /** The runs of the window. */
  readonly rows: readonly RunRow[]
  /** What `cells` of rows and lines are of. */
  readonly columns: readonly ColumnRef[]
  /** Of a tree or of groups: what stands in each place from `from` on. The runs among them are `rows`, in order. */
  readonly lines?: readonly RowLine[]
  /** The values of the first and the last match that has a number, when the first thing sorted by is a metric. */
  readonly ends: { readonly first: number; readonly last: number } | null
}

export type RowLine = RunLine | GroupRow

/** Where a run stands in a tree or below its group. */
export interface RunLine {
  readonly kind: 'run'
  readonly depth: number
  /** False for an ancestor that is here only because a run below it matches. */
  readonly isMatch: boolean
  /** Of a tree: how many children it has here. */
  readonly children: number
  readonly open: boolean
}

export interface GroupRow {
  readonly kind: 'group'
  /** Names it among the groups of this query. */
  readonly id: string
  readonly depth: number
  readonly key: GroupKey
  /** Null for the runs that have none. */
  readonly value: string | null
  /** Matches in it. */
  readonly runs: number
  readonly open: boolean
  /** `cells[i]` is what its runs have in `columns[i]`; null when none of them has anything, and for a value at another metric's best step. */
  readonly cells: readonly (Aggregate | TextSummary | null)[]
}

/** In binary text order; what a system logged comes last where a limit was asked for. */
export interface ExperimentKeys {
  readonly params: readonly string[]
  readonly metrics: readonly string[]
  readonly tags: readonly string[]
  /** How many there are of each, whatever the limit. */
  readonly totals?: Readonly<Record<ColumnKind, number>>
}

export interface ColumnsWindow {
  readonly total: number
  readonly from: number
  readonly columns: readonly ColumnRef[]
}

export interface RunDetail {
  readonly run: Run
  readonly experiment: Experiment
  readonly parent: RunInfo | null
  readonly children: readonly RunInfo[]
  readonly models: RunModels
  /** Params that were set to several values, in the order of their keys. */
  readonly conflicts: readonly ParamConflict[]
}

/** One run's line. */
export interface ChartLine {
  readonly runId: RunId
  /** With a range, one point beyond each of its ends comes with it, where there is one. */
  readonly raw: Drawn
  /** Smoothed over all points, then reduced as `raw` is; null without smoothing. */
  readonly smooth: Curve | null
  /** Points left out because the metric on the x axis has no value at their step. */
  readonly unplaced: number
}

export interface ChartBand extends Band {
  readonly group: number
}

/** Read, never written to: arrays are kept between answers. */
export interface ChartAnswer {
  /** One for each run, in the order asked for; those without points have empty arrays. */
  readonly lines: readonly ChartLine[]
  /** One for each group, by number; null when none were asked for. */
  readonly bands: readonly ChartBand[] | null
}

export interface TrashView {
  readonly experiments: readonly ExperimentSummary[]
  /** Deleted runs whose experiment is not itself in the trash. */
  readonly runs: readonly (RunInfo & { readonly experimentName: string })[]
  /** Bytes of the artifacts that emptying the trash lets go of. */
  readonly artifactBytes: number
}

export type Durability = 'relaxed' | 'strict'

export interface Grant {
  readonly origin: string
  readonly createdTime: EpochMs
  readonly lastUsedTime: EpochMs
}

export interface SettingsView {
  readonly durability: Durability
  readonly grants: readonly Grant[]
}

export interface StorageView {
  /** Bytes of the database image in memory. */
  readonly databaseBytes: number
  /** Bytes in the commit log since the last checkpoint. */
  readonly logBytes: number
  readonly artifactBytes: number
  readonly artifactCount: number
  /** Bytes of metric points outside the database. */
  readonly sealedBytes: number
  readonly experimentCount: number
  readonly runCount: number
  readonly pointCount: number
}

/** Notebooks that are connected, and the ones that ask to be. */
export interface NotebooksView {
  readonly connected: readonly { readonly origin: string; readonly name: string; readonly since: EpochMs }[]
  readonly asking: readonly ConsentRequest[]
}

export interface ConsentRequest {
  readonly id: number
  readonly origin: string
  /** What the notebook calls itself. Its own word: shown, never trusted. */
  readonly name: string
  readonly since: EpochMs
}

export interface Answers {
  readonly experiments: readonly ExperimentSummary[]
  readonly experiment: ExperimentSummary | null
  readonly runs: RunsWindow
  readonly keys: ExperimentKeys
  readonly columns: ColumnsWindow
  readonly values: FieldValues
  /** By name. */
  readonly views: readonly SavedView[]
  readonly run: RunDetail | null
  readonly chart: ChartAnswer
  readonly artifacts: readonly ArtifactEntry[]
  readonly trash: TrashView
  readonly settings: SettingsView
  readonly storage: StorageView
  readonly notebooks: NotebooksView
  readonly sharing: SharingView
  /** Null when nothing is shared. */
  readonly sync: SyncView | null
  readonly 'sync-settings': SyncSettings
  /** The oldest first. */
  readonly comments: readonly RunComment[]
  /** The oldest first; of many the newest LIVE.pointComments. */
  readonly 'point-comments': readonly PointComment[]
  /** Null before it begins and once it is over. */
  readonly 'file-work': FileState | null
}

export type AnswerTo<Q extends Query> = Answers[Q['kind']]

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Each resolves once durable, or rejects with a RunnelError and nothing changed. */
export interface Commands {
  createExperiment(name: string): Promise<ExperimentId>
  renameExperiment(id: ExperimentId, name: string): Promise<void>
  setExperimentTag(id: ExperimentId, key: string, value: string): Promise<void>
  deleteExperiment(id: ExperimentId): Promise<void>
  restoreExperiment(id: ExperimentId): Promise<void>
  renameRun(id: RunId, name: string): Promise<void>
  setRunTag(id: RunId, key: string, value: string): Promise<void>
  deleteRunTag(id: RunId, key: string): Promise<void>
  setRunStatus(id: RunId, status: RunStatus): Promise<void>
  /** Resolves with those that were not in the trash before: whom taking it back is about. */
  deleteRuns(ids: readonly RunId[]): Promise<readonly RunId[]>
  /** Resolves with those that were in the trash before. */
  restoreRuns(ids: readonly RunId[]): Promise<readonly RunId[]>

  // What is done to many runs at once resolves with what undoes it. Each call is one transaction of at most BULK.commandRuns runs.

  /** Resolves with the names they had. */
  renameRuns(names: readonly RunName[]): Promise<readonly RunName[]>
  /** Resolves with what stood there, in an order that undoes it. */
  tagRuns(tags: readonly RunTag[]): Promise<readonly RunTag[]>
  /** Say that runs have ended; one that has an end time keeps it. Resolves with how they were. */
  endRuns(ids: readonly RunId[], status: RunStatus): Promise<readonly RunState[]>
  setRunStates(states: readonly RunState[]): Promise<void>
  /** The runs, and all below them that stand in the same experiment: whom a move takes along. */
  withDescendants(ids: readonly RunId[]): Promise<readonly RunId[]>
  moveRuns(ids: readonly RunId[], to: ExperimentId): Promise<readonly MovedRun[]>
  moveRunsBack(moved: readonly MovedRun[]): Promise<void>
  /** Rows of runs by id, in that order, for copies; unknown ids are left out. */
  runRows(ids: readonly RunId[], columns: readonly ColumnRef[]): Promise<readonly RunRow[]>
  /** Keep a view, in place of one of that name. */
  saveView(experimentId: ExperimentId, of: ViewOf, name: string, state: string): Promise<void>
  renameView(experimentId: ExperimentId, of: ViewOf, name: string, to: string): Promise<void>
  deleteView(experimentId: ExperimentId, of: ViewOf, name: string): Promise<void>
  /** Delete for good what is in the trash: rows, and artifact bytes nobody else holds. Returns what was freed. */
  emptyTrash(): Promise<{ readonly experiments: number; readonly runs: number; readonly bytes: number }>
  /** Ids of every match of a runs query, in order: for "select all". */
  runIds(query: Pick<RunsQuery, 'experimentIds' | 'filter' | 'orderBy' | 'sort' | 'view'>): Promise<readonly RunId[]>
  /** An artifact's bytes, of the run or of one of its logged models; the Blob is read lazily. */
  readArtifact(runId: RunId, path: string, modelId?: ModelId): Promise<Blob>
  /** Every point of a series, for tables and export, in MLflow's order (timestamp, step, value); parallel arrays. */
  history(runId: RunId, key: string): Promise<{ steps: Float64Array; timestamps: Float64Array; values: Float64Array }>
  setDurability(durability: Durability): Promise<void>
  revokeGrant(origin: string): Promise<void>
  answerConsent(id: number, allow: boolean): Promise<void>

  // Files of experiments. `job` is a name of the page's choosing for one such work, to ask how far it is and to stop it.

  /** Resolves with the file. Facts are kept of these experiments from then on. `ids` null for all that are active. */
  exportExperiments(ids: readonly ExperimentId[] | null, job: string): Promise<Blob>
  /** Merge a file of experiments, or the database of a Runnel host. What came stays when it rejects; merged again, nothing is doubled. */
  mergeFile(file: Blob, job: string): Promise<MergeOutcome>
  /** An export rejects then; a merge resolves with the experiments that came until then. */
  stopFileWork(job: string): Promise<void>

  // Sharing: as of Sharing.

  shareExperiment(id: ExperimentId, share: NewShare): Promise<{ readonly link: string; readonly share: ShareLink }>
  revokeShare(id: ExperimentId, shareId: string): Promise<void>
  stopSharing(id: ExperimentId): Promise<void>
  joinShared(link: string, withCopy: boolean): Promise<ExperimentId>
  setPersonName(name: string): Promise<void>
  setSyncHost(host: { readonly address: string; readonly token: string | null } | null): Promise<void>
  retrySync(): Promise<void>
  keepOffline(id: ExperimentId, on: boolean): Promise<void>
  /** Resolves with the comment's id. `point` is what of a chart it is about. */
  addComment(runId: RunId, text: string, point: CommentPoint | null): Promise<string>
  editComment(runId: RunId, commentId: string, text: string): Promise<void>
  deleteComment(runId: RunId, commentId: string): Promise<void>
}

// ── the session ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a page is to the host: a `tab` can ask for consent; a `frame` (the bridge inside a notebook) must not. */
export type PageRole = 'tab' | 'bridge-window' | 'frame'

/** What a watched query is answered with; `ask` as it was asked. */
export type WatchAnswer = { readonly watch: number; readonly ask: number } & (
  { readonly value: unknown } | { readonly error: WireError & { readonly detail?: unknown } }
)

export type LiveEvent =
  /** Those that were asked for together come together, where none of them takes long. */
  | { readonly t: 'answers'; readonly answers: readonly WatchAnswer[] }
  | { readonly t: 'save'; readonly state: SaveState; readonly message: string | null }
  | { readonly t: 'bye'; readonly reason: 'upgrade' | 'stopping' }

/** What a connecting notebook shows at the door. */
export interface NotebookArrival {
  readonly origin: string
  readonly session: string
  readonly writer: string
  readonly name: string
  readonly version: string
}

export type Admission =
  { readonly outcome: 'admitted' } | { readonly outcome: 'denied'; readonly reason: 'user' | 'unavailable' }

export interface SessionInfo {
  /** Changes with every instance of the host. */
  readonly epoch: string
  /** The app's version, for people. */
  readonly version: string
}

export interface NumberedQuery {
  readonly watch: number
  /** Tells it from those asked under this number before: an answer to one of those may be on its way. */
  readonly ask: number
  readonly query: Query
}

/** The session a host gives one page, reached over Comlink. */
export interface LiveSession {
  info(): Promise<SessionInfo>
  /** Watch queries under numbers of the page's choosing; the same number again replaces the query (a window that moved). */
  watch(queries: readonly NumberedQuery[]): Promise<void>
  unwatch(watch: number): Promise<void>
  /** A command by name: one door, so that a page's arguments are checked in one place. */
  command<Name extends keyof Commands>(
    name: Name,
    args: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>>
  /** Whether an origin may log already, and where the question would be shown if not. */
  consentFor(origin: string): Promise<'granted' | 'here' | 'tab' | 'nowhere'>
  /** Hand a notebook's port to the store. Resolves when it is admitted or turned away, however long the person takes. */
  admit(port: MessagePort, arrival: NotebookArrival): Promise<Admission>
  /** Where this page looks, for others who look at the same; null for nowhere that is shared. */
  present(at: { readonly experimentId: ExperimentId; readonly runId: RunId | null } | null): Promise<void>
  /** Edit a note together, over a port that speaks y-protocols. As of Sharing.openNote. */
  openNote(port: MessagePort, experimentId: ExperimentId, runId: RunId | null): Promise<void>
  close(): Promise<void>
}

/** What the worker exposes on each new port. */
export interface LiveDoor {
  /** Answers at once, also while the store is being opened. */
  alive(): Promise<void>
  open(role: PageRole, pageLock: string, onEvent: (event: LiveEvent) => void): Promise<LiveSession>
}
