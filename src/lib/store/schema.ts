/**
 * Rows as they stand in SQL. Tables and columns MLflow has carry MLflow's names and meanings (its schema at 3.11); `runnel_*` tables and
 * the columns named or said to be so are ours. Times are epoch ms. Tables of key and value are clustered by run: a run's values lie
 * together, which is a third smaller than MLflow's layout and what every page reads.
 */
import type { ColumnType } from 'kysely'

type Id = string

export interface ExperimentsTable {
  experiment_id: number
  name: string
  artifact_location: string | null
  lifecycle_stage: string
  creation_time: number | null
  last_update_time: number | null
  workspace: ColumnType<string, string | undefined, string>
  /** How many runs were ever made in it. */
  runnel_runs_made: ColumnType<number, number | undefined, number>
  /** What it is called where its name is taken here; null when `name` is what it is called. */
  runnel_claim: ColumnType<string | null, string | undefined, string | null>
}

export interface ExperimentTagsTable {
  experiment_id: number
  key: string
  value: string | null
}

export interface RunsTable {
  run_uuid: Id
  name: string | null
  source_type: string | null
  source_name: string | null
  entry_point_name: string | null
  user_id: string | null
  status: string
  start_time: number | null
  end_time: number | null
  source_version: string | null
  lifecycle_stage: string
  artifact_uri: string | null
  experiment_id: number
  deleted_time: number | null
  /** The run's place among those of its experiment, from 1, in the order they were made. */
  runnel_number: number
}

/**
 * MLflow's columns, with what is known of a series beside them. SQL has no NaN, and SQLite forgets the sign of -0: both are value 0, and
 * `is_nan` says which it was, 0 a number, 1 NaN, 2 negative zero. ±Infinity is kept as it is (MLflow keeps ±1.797e308).
 */
export interface LatestMetricsTable {
  run_uuid: Id
  key: string
  step: number
  timestamp: number | null
  value: number
  is_nan: number
  /** Extremes without NaN, -0 being 0; null while every value is NaN. */
  min_value: number | null
  max_value: number | null
  point_count: number
  /** Names the series in `runnel_chunks`. */
  runnel_series: number
  /** The latest time of any point; `step` is the greatest of any. */
  runnel_timestamp_high: number
  /** Points that are not sealed yet, and the chunks they lie in. */
  runnel_inline_points: number
  runnel_inline_chunks: number
  /** `step timestamp` of the latest point, where a double does not hold one of them; else null. */
  runnel_exact: string | null
}

/**
 * Points of a series (MLflow keeps a row for each, in `metrics`), as many columns of numbers in one value: packed in `points`, or sealed in
 * a blob. The low and high of steps and times are the least and the greatest, included.
 */
export interface ChunksTable {
  series: number
  timestamp_high: number
  chunk: number
  timestamp_low: number
  step_low: number
  step_high: number
  point_count: number
  blob_id: ColumnType<string | null, string | undefined, string>
  blob_offset: ColumnType<number | null, number | undefined, number>
  blob_length: ColumnType<number | null, number | undefined, number>
  envelope_length: ColumnType<number | null, number | undefined, number>
  points: ColumnType<Uint8Array | null, Uint8Array | undefined, Uint8Array | null>
}

export interface RunTextTable {
  run_uuid: Id
  key: string
  value: string
}

export interface DatasetsTable {
  dataset_uuid: Id
  experiment_id: number
  name: string
  digest: string
  dataset_source_type: string
  dataset_source: string
  dataset_schema: string | null
  dataset_profile: string | null
}

export interface InputsTable {
  input_uuid: Id
  source_type: string
  source_id: Id
  destination_type: string
  destination_id: Id
  step: ColumnType<number, number | undefined, number>
}

export interface InputTagsTable {
  input_uuid: Id
  name: string
  value: string
}

/** Files under the artifact root: `path` is `<experiment>/<run>/artifacts/<path in the run>`. */
export interface ArtifactsTable {
  path: string
  blob_id: string
  size_bytes: number
  media_type: string
  created_time: number
}

/** Which keys an experiment's runs have ever used: the columns a table can offer. */
export interface KeysTable {
  experiment_id: number
  kind: string
  key: string
}

/** How far each notebook session is durable. */
export interface SessionsTable {
  session: string
  high_water_mark: number
  last_time: number
  /** JSON: the last operations that were turned down, for whoever has not heard of it. */
  refused: ColumnType<string | null, string | null | undefined, string | null>
}

/** Origins a person has allowed to log. */
export interface GrantsTable {
  origin: string
  created_time: number
  last_used_time: number
}

export interface SettingsTable {
  name: string
  value: string
}

/** `status` is 0 UNSPECIFIED, 1 PENDING, 2 READY, 3 UPLOAD_FAILED. */
export interface LoggedModelsTable {
  model_id: Id
  experiment_id: number
  name: string
  artifact_location: string
  creation_timestamp_ms: number
  last_updated_timestamp_ms: number
  status: number
  lifecycle_stage: string
  model_type: string | null
  source_run_id: Id | null
  status_message: string | null
}

/** A run's metric that was measured of a model: every point. `is_nan`, which is ours here, says what `metric_value` cannot, as in `metrics`. */
export interface LoggedModelMetricsTable {
  model_id: Id
  metric_name: string
  metric_timestamp_ms: number
  metric_step: number
  metric_value: number
  is_nan: number
  experiment_id: number
  run_id: Id
  dataset_uuid: Id | null
  dataset_name: string | null
  dataset_digest: string | null
}

export interface LoggedModelParamsTable {
  model_id: Id
  experiment_id: number
  param_key: string
  param_value: string
}

export interface LoggedModelTagsTable {
  model_id: Id
  experiment_id: number
  tag_key: string
  tag_value: string
}

type Workspace = ColumnType<string, string | undefined, string>

export interface RegisteredModelsTable {
  name: string
  creation_time: number
  last_updated_time: number
  description: string | null
  workspace: Workspace
}

export interface RegisteredModelTagsTable {
  name: string
  key: string
  value: string | null
  workspace: Workspace
}

export interface RegisteredModelAliasesTable {
  name: string
  alias: string
  version: number
  workspace: Workspace
}

/** A deleted version stays as a row in stage `Deleted_Internal`, with its whereabouts blotted out: numbers are not used twice. */
export interface ModelVersionsTable {
  name: string
  version: number
  creation_time: number
  last_updated_time: number
  description: string | null
  user_id: string | null
  current_stage: string
  source: string
  run_id: Id | null
  status: string
  status_message: string | null
  run_link: string | null
  storage_location: string | null
  workspace: Workspace
  /** What it goes by in all stores: a ULID. */
  runnel_id: Id
  /** The number it took, where it is shown under another. */
  runnel_claim: number | null
  /** The number a host gave it under its model's name; null when none did. */
  runnel_assigned: number | null
}

export interface ModelVersionTagsTable {
  name: string
  version: number
  key: string
  value: string | null
  workspace: Workspace
}

/** An upload in parts that has begun and is neither complete nor given up. `path` is the artifact it will be. */
export interface UploadsTable {
  upload_id: string
  path: string
  created_time: number
}

export interface UploadPartsTable {
  upload_id: string
  part_number: number
  blob_id: string
  size_bytes: number
}

/** `kind` is what is looked at, `runs` or `charts`; `state` is JSON text. */
export interface ViewsTable {
  experiment_id: number
  kind: string
  name: string
  state: string
  created_time: number
  last_update_time: number
}

/** Experiments, and the registry, that are shared. `host` is empty for a room of this host's own. */
export interface RoomsTable {
  room: string
  experiment_id: number | null
  role: string
  host: string
  created_time: number
  /** 1 once facts were made of everything that was there before. */
  is_whole: ColumnType<number, number | undefined, number>
  /** The host has all own facts up to then. */
  synced_hlc: ColumnType<number, number | undefined, number>
  /** 1 where this store is the host that numbers the registry's versions. */
  gives_numbers: ColumnType<number, number | undefined, number>
}

/** In which room a subject is told of: one that is gone for good, too. */
export interface SubjectsTable {
  subject: string
  room: string
}

/** In which rooms a subject stood before. */
export interface StoodTable {
  subject: string
  room: string
}

/** Blobs of sealed points of a run that others were told of. */
export interface ToldBlobsTable {
  run_uuid: string
  blob_id: string
}

/** What each writer said of each subject, folded (domain/sync): `seq` facts, the latest at `hlc`. Points stand in their series. */
export interface FactsTable {
  subject: string
  writer: string
  seq: number
  hlc: number
  record: Uint8Array
}

/** This store's own facts, one frame a transaction, kept until they are published: those after `seq` of its record are not folded yet. */
export interface OutboxTable {
  subject: string
  seq: number
  hlc: number
  frame: Uint8Array
}

/** Names this store has written facts under; at most one is open, which it writes under now. */
export interface WritersTable {
  writer: string
  is_open: number
}

/** Lists of names in records, by their hash: JSON. */
export interface FactKeysTable {
  hash: string
  keys: string
}

/** Points that come to a series once a blob is here: those of a sealed part, or, where `points` is set, these beside it. */
export interface AwaitedTable {
  run_uuid: Id
  key: string
  blob_id: string
  blob_offset: number
  blob_length: number
  points: Uint8Array | null
}

/** Notes of a shared experiment: a Yjs update. */
export interface NoteDocsTable {
  room: string
  state: Uint8Array
  absent: string
}

/** `body` is JSON. */
export interface CommentsTable {
  run_uuid: Id
  comment_id: string
  body: string
}

export interface Schema {
  experiments: ExperimentsTable
  experiment_tags: ExperimentTagsTable
  runs: RunsTable
  latest_metrics: LatestMetricsTable
  runnel_chunks: ChunksTable
  params: RunTextTable
  tags: RunTextTable
  datasets: DatasetsTable
  inputs: InputsTable
  input_tags: InputTagsTable
  runnel_artifacts: ArtifactsTable
  runnel_keys: KeysTable
  runnel_sessions: SessionsTable
  runnel_grants: GrantsTable
  runnel_settings: SettingsTable
  logged_models: LoggedModelsTable
  logged_model_metrics: LoggedModelMetricsTable
  logged_model_params: LoggedModelParamsTable
  logged_model_tags: LoggedModelTagsTable
  registered_models: RegisteredModelsTable
  registered_model_tags: RegisteredModelTagsTable
  registered_model_aliases: RegisteredModelAliasesTable
  model_versions: ModelVersionsTable
  model_version_tags: ModelVersionTagsTable
  runnel_uploads: UploadsTable
  runnel_upload_parts: UploadPartsTable
  runnel_views: ViewsTable
  runnel_rooms: RoomsTable
  runnel_subjects: SubjectsTable
  runnel_stood: StoodTable
  runnel_told_blobs: ToldBlobsTable
  runnel_facts: FactsTable
  runnel_outbox: OutboxTable
  runnel_writers: WritersTable
  runnel_fact_keys: FactKeysTable
  runnel_awaited: AwaitedTable
  runnel_note_docs: NoteDocsTable
  runnel_comments: CommentsTable
}
