/** Version 5: facts, for stores that share experiments. Frozen once shipped: a shipped migration is history and never changes. */
export const facts: readonly string[] = [
  `create table runnel_rooms (
    room text primary key not null,
    experiment_id bigint,
    role text not null,
    host text not null,
    created_time bigint not null,
    is_whole integer default 0 not null,
    synced_hlc bigint default 0 not null
  )`,
  `create unique index runnel_rooms_experiment on runnel_rooms (experiment_id)`,
  `create table runnel_subjects (subject text primary key not null, room text not null) without rowid`,
  `create index runnel_subjects_room on runnel_subjects (room)`,
  `create table runnel_facts (
    subject text not null,
    writer text not null,
    seq bigint not null,
    hlc bigint not null,
    record blob not null
  )`,
  `create unique index runnel_facts_key on runnel_facts (subject, writer, seq, hlc)`,
  `create table runnel_outbox (
    subject text not null,
    seq bigint not null,
    hlc bigint not null,
    frame blob not null
  )`,
  `create unique index runnel_outbox_key on runnel_outbox (subject, seq)`,
  `create table runnel_writers (writer text primary key not null, is_open integer not null) without rowid`,
  `create table runnel_fact_keys (hash text primary key not null, keys text not null) without rowid`,
  `create table runnel_awaited (
    run_uuid text not null,
    key text not null,
    blob_id text not null,
    blob_offset bigint not null,
    blob_length bigint not null,
    points blob,
    constraint runnel_awaited_pk primary key (run_uuid, key, blob_id, blob_offset)
  ) without rowid`,
  `create table runnel_comments (
    run_uuid text not null,
    comment_id text not null,
    body text not null,
    constraint runnel_comments_pk primary key (run_uuid, comment_id)
  ) without rowid`,
  `create table runnel_note_docs (room text primary key not null, state blob not null)`,
  `alter table experiments add column runnel_claim text`
]
