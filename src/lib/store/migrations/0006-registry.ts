/**
 * Version 6: the model registry as one that stores share, and which notes wait for their run. Frozen once shipped: a shipped migration is
 * history and never changes.
 *
 * A version that was there before gets an id that follows from what it is: so it is the same one in every copy of a store.
 */
import { sql } from 'kysely'
import { newModelVersionId } from '#lib/domain/ids.ts'
import { keysHash } from '#lib/domain/sync/key-lists.ts'
import type { Tx } from '../database.ts'

const BEFORE: readonly string[] = [
  `alter table model_versions add column runnel_id text default '' not null`,
  `alter table model_versions add column runnel_claim integer`,
  `alter table model_versions add column runnel_assigned integer`,
  `alter table runnel_rooms add column gives_numbers integer default 0 not null`,
  `alter table runnel_note_docs add column absent text default '[]' not null`
]

const AFTER = `create unique index runnel_model_versions_id on model_versions (runnel_id)`

interface OldVersion {
  readonly workspace: string
  readonly name: string
  readonly version: number
  readonly creation_time: number | null
}

export async function registry(tx: Tx): Promise<void> {
  for (const text of BEFORE) await sql.raw(text).execute(tx.db)
  const { rows } = await sql<OldVersion>`select workspace, name, version, creation_time from model_versions`.execute(
    tx.db
  )
  for (const row of rows)
    await sql`update model_versions set runnel_id = ${idOf(row)}
      where workspace = ${row.workspace} and name = ${row.name} and version = ${row.version}`.execute(tx.db)
  await sql.raw(AFTER).execute(tx.db)
}

function idOf({ workspace, name, version, creation_time }: OldVersion): string {
  const what = JSON.stringify([workspace, name, version, creation_time])
  const hex = keysHash(what) + keysHash(`${what} `)
  return newModelVersionId(creation_time ?? 0, (bytes) =>
    bytes.forEach((_, i) => (bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)))
  )
}
