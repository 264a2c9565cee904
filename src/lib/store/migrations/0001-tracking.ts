/** Version 1: tracking. Frozen: a shipped migration is history and never changes. */
export const tracking: readonly string[] = [
  `create table experiments (
    experiment_id integer not null,
    name varchar(256) not null,
    artifact_location varchar(256),
    lifecycle_stage varchar(32),
    creation_time bigint,
    last_update_time bigint,
    workspace varchar(63) default 'default' not null,
    runnel_runs_made bigint default 0 not null,
    constraint experiment_pk primary key (experiment_id),
    constraint experiments_lifecycle_stage check (lifecycle_stage in ('active', 'deleted')),
    constraint uq_experiments_workspace_name unique (workspace, name)
  )`,
  `create table experiment_tags (
    experiment_id integer not null,
    key varchar(250) not null,
    value varchar(5000),
    constraint experiment_tag_pk primary key (experiment_id, key)
  ) without rowid`,
  `create table runs (
    run_uuid varchar(32) not null,
    name varchar(250),
    source_type varchar(20),
    source_name varchar(500),
    entry_point_name varchar(50),
    user_id varchar(256),
    status varchar(9),
    start_time bigint,
    end_time bigint,
    source_version varchar(50),
    lifecycle_stage varchar(20),
    artifact_uri varchar(200),
    experiment_id integer,
    deleted_time bigint,
    runnel_number bigint default 0 not null,
    constraint run_pk primary key (run_uuid),
    constraint source_type check (source_type in ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')),
    constraint runs_lifecycle_stage check (lifecycle_stage in ('active', 'deleted')),
    constraint status check (status in ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
  ) without rowid`,
  `create index runnel_runs_experiment on runs (experiment_id, lifecycle_stage, run_uuid, start_time)`,
  `create table metrics (
    run_uuid varchar(32) not null,
    key varchar(250) not null,
    step bigint not null,
    timestamp bigint not null,
    value float not null,
    is_nan boolean not null,
    constraint metric_pk primary key (run_uuid, key, step, timestamp, value, is_nan)
  ) without rowid`,
  `create table latest_metrics (
    run_uuid varchar(32) not null,
    key varchar(250) not null,
    value float not null,
    timestamp bigint,
    step bigint not null,
    is_nan boolean not null,
    min_value float,
    max_value float,
    point_count bigint not null,
    constraint latest_metric_pk primary key (run_uuid, key)
  ) without rowid`,
  `create table params (
    run_uuid varchar(32) not null,
    key varchar(250) not null,
    value varchar(8000) not null,
    constraint param_pk primary key (run_uuid, key)
  ) without rowid`,
  `create table tags (
    run_uuid varchar(32) not null,
    key varchar(250) not null,
    value varchar(8000),
    constraint tag_pk primary key (run_uuid, key)
  ) without rowid`,
  `create index runnel_tags_parent on tags (value) where key = 'mlflow.parentRunId'`,
  `create table datasets (
    dataset_uuid varchar(36) not null,
    experiment_id integer not null,
    name varchar(500) not null,
    digest varchar(36) not null,
    dataset_source_type varchar(36) not null,
    dataset_source text not null,
    dataset_schema text,
    dataset_profile text,
    constraint dataset_pk primary key (experiment_id, name, digest)
  )`,
  `create index index_datasets_dataset_uuid on datasets (dataset_uuid)`,
  `create table inputs (
    input_uuid varchar(36) not null,
    source_type varchar(36) not null,
    source_id varchar(36) not null,
    destination_type varchar(36) not null,
    destination_id varchar(36) not null,
    step bigint default 0 not null,
    constraint inputs_pk primary key (source_type, source_id, destination_type, destination_id)
  )`,
  `create index index_inputs_destination_type_destination_id_source_type on inputs (destination_type, destination_id, source_type)`,
  `create table input_tags (
    input_uuid varchar(36) not null,
    name varchar(255) not null,
    value varchar(500) not null,
    constraint input_tags_pk primary key (input_uuid, name)
  ) without rowid`,
  `create table runnel_artifacts (
    path text not null primary key,
    blob_id text not null,
    size_bytes bigint not null,
    media_type text not null,
    created_time bigint not null
  ) without rowid`,
  `create index runnel_artifacts_blob on runnel_artifacts (blob_id)`,
  `create table runnel_keys (
    experiment_id integer not null,
    kind text not null,
    key text not null,
    primary key (experiment_id, kind, key)
  ) without rowid`,
  `create table runnel_sessions (
    session text not null primary key,
    high_water_mark bigint not null,
    last_time bigint not null
  ) without rowid`,
  `create table runnel_grants (
    origin text not null primary key,
    created_time bigint not null,
    last_used_time bigint not null
  ) without rowid`,
  `create table runnel_settings (
    name text not null primary key,
    value text not null
  ) without rowid`
]
