/** Version 7: in which rooms subjects stood before, and which blobs others were told of. Frozen once shipped: a shipped migration is history and never changes. */
export const standing: readonly string[] = [
  `create table runnel_stood (
    subject text not null,
    room text not null,
    constraint runnel_stood_pk primary key (subject, room)
  ) without rowid`,
  `create table runnel_told_blobs (
    run_uuid text not null,
    blob_id text not null,
    constraint runnel_told_blobs_pk primary key (run_uuid, blob_id)
  ) without rowid`
]
