/** Version 3: saved views. Frozen once shipped: a shipped migration is history and never changes. */
export const views: readonly string[] = [
  `create table runnel_views (
    experiment_id integer not null,
    kind text not null,
    name text not null,
    state text not null,
    created_time bigint not null,
    last_update_time bigint not null,
    primary key (experiment_id, kind, name)
  ) without rowid`
]
