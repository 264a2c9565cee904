/** Version 7: in which rooms subjects stood before. Frozen once shipped: a shipped migration is history and never changes. */
export const standing: readonly string[] = [
  `create table runnel_stood (
    subject text not null,
    room text not null,
    constraint runnel_stood_pk primary key (subject, room)
  ) without rowid`
]
