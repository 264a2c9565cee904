/** Version 2: logged models, the model registry, uploads in parts. Frozen once shipped: a shipped migration is history and never changes. */
export const models: readonly string[] = [
  `create table logged_models (
    model_id varchar(36) not null,
    experiment_id integer not null,
    name varchar(500) not null,
    artifact_location varchar(1000) not null,
    creation_timestamp_ms bigint not null,
    last_updated_timestamp_ms bigint not null,
    status integer not null,
    lifecycle_stage varchar(32),
    model_type varchar(500),
    source_run_id varchar(32),
    status_message varchar(1000),
    constraint logged_models_pk primary key (model_id),
    constraint logged_models_lifecycle_stage_check check (lifecycle_stage in ('active', 'deleted'))
  ) without rowid`,
  `create index runnel_logged_models_experiment on logged_models (experiment_id, lifecycle_stage)`,
  `create table logged_model_metrics (
    model_id varchar(36) not null,
    metric_name varchar(500) not null,
    metric_timestamp_ms bigint not null,
    metric_step bigint not null,
    metric_value float not null,
    is_nan boolean not null,
    experiment_id integer not null,
    run_id varchar(32) not null,
    dataset_uuid varchar(36),
    dataset_name varchar(500),
    dataset_digest varchar(36),
    constraint logged_model_metrics_pk primary key (model_id, metric_name, metric_timestamp_ms, metric_step, run_id)
  ) without rowid`,
  `create index runnel_logged_model_metrics_run on logged_model_metrics (run_id)`,
  `create table logged_model_params (
    model_id varchar(36) not null,
    experiment_id integer not null,
    param_key varchar(255) not null,
    param_value text not null,
    constraint logged_model_params_pk primary key (model_id, param_key)
  ) without rowid`,
  `create table logged_model_tags (
    model_id varchar(36) not null,
    experiment_id integer not null,
    tag_key varchar(255) not null,
    tag_value text not null,
    constraint logged_model_tags_pk primary key (model_id, tag_key)
  ) without rowid`,
  `create table registered_models (
    name varchar(256) not null,
    creation_time bigint,
    last_updated_time bigint,
    description varchar(5000),
    workspace varchar(63) default 'default' not null,
    constraint registered_model_pk primary key (workspace, name)
  ) without rowid`,
  `create table registered_model_tags (
    key varchar(250) not null,
    value varchar(5000),
    name varchar(256) not null,
    workspace varchar(63) default 'default' not null,
    constraint registered_model_tag_pk primary key (workspace, name, key)
  ) without rowid`,
  `create table registered_model_aliases (
    alias varchar(256) not null,
    version integer not null,
    name varchar(256) not null,
    workspace varchar(63) default 'default' not null,
    constraint registered_model_alias_pk primary key (workspace, name, alias)
  ) without rowid`,
  `create table model_versions (
    name varchar(256) not null,
    version integer not null,
    creation_time bigint,
    last_updated_time bigint,
    description varchar(5000),
    user_id varchar(256),
    current_stage varchar(20),
    source varchar(500),
    run_id varchar(32),
    status varchar(20),
    status_message varchar(500),
    run_link varchar(500),
    storage_location varchar(500),
    workspace varchar(63) default 'default' not null,
    constraint model_version_pk primary key (workspace, name, version)
  ) without rowid`,
  `create index runnel_model_versions_run on model_versions (run_id)`,
  `create table model_version_tags (
    key varchar(250) not null,
    value text,
    name varchar(256) not null,
    version integer not null,
    workspace varchar(63) default 'default' not null,
    constraint model_version_tag_pk primary key (workspace, name, version, key)
  ) without rowid`,
  `create table runnel_uploads (
    upload_id text not null primary key,
    path text not null,
    created_time bigint not null
  ) without rowid`,
  `create table runnel_upload_parts (
    upload_id text not null,
    part_number integer not null,
    blob_id text not null,
    size_bytes bigint not null,
    primary key (upload_id, part_number)
  ) without rowid`,
  `alter table runnel_sessions add column refused text`
]
