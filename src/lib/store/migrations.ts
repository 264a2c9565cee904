import { sql } from 'kysely'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { experimentArtifactLocation } from '#lib/domain/artifact.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import type { Database, Tx } from './database.ts'
import { tracking } from './migrations/0001-tracking.ts'
import { models } from './migrations/0002-models.ts'
import { views } from './migrations/0003-views.ts'
import { series } from './migrations/0004-series.ts'
import { facts } from './migrations/0005-facts.ts'
import { registry } from './migrations/0006-registry.ts'
import { standing } from './migrations/0007-standing.ts'

interface Migration {
  readonly name: string
  readonly up: (tx: Tx) => Promise<void>
}

const statements = (texts: readonly string[]) => async (tx: Tx) => {
  for (const text of texts) await sql.raw(text).execute(tx.db)
}

/** In order; the position (from 1) is the version. Append only. */
const MIGRATIONS: readonly Migration[] = [
  { name: 'tracking', up: statements(tracking) },
  { name: 'models', up: statements(models) },
  { name: 'views', up: statements(views) },
  { name: 'series', up: series },
  { name: 'facts', up: statements(facts) },
  { name: 'registry', up: registry },
  { name: 'standing', up: statements(standing) }
]

export const SCHEMA_VERSION = MIGRATIONS.length

/**
 * Bring the database to this version, one transaction per step, and make sure the Default experiment exists.
 * Fails with INVALID_STATE, writing nothing, when the database was written by a newer Runnel.
 */
export async function migrate(database: Database): Promise<void> {
  const version = await schemaVersion(database)
  if (version > SCHEMA_VERSION)
    throw new RunnelError(
      'INVALID_STATE',
      `This store was written by a newer Runnel (schema ${version}, this one knows ${SCHEMA_VERSION}). Close the other Runnel tabs and reload to get the newer version.`
    )
  for (let next = version; next < SCHEMA_VERSION; next++) {
    await database.write(async (tx) => {
      if (next === 0) await sql.raw('create table runnel_schema (version integer not null)').execute(tx.db)
      if (next === 0) await sql.raw('insert into runnel_schema (version) values (0)').execute(tx.db)
      await MIGRATIONS[next]!.up(tx)
      await sql`update runnel_schema set version = ${next + 1}`.execute(tx.db)
    })
  }
  await ensureDefaultExperiment(database)
}

async function schemaVersion(database: Database): Promise<number> {
  return database.read(async ({ db }) => {
    const table = await sql`select name from sqlite_master where type = 'table' and name = 'runnel_schema'`.execute(db)
    if (table.rows.length === 0) return 0
    const { rows } = await sql<{ version: number }>`select version from runnel_schema`.execute(db)
    return rows[0]?.version ?? 0
  })
}

/** As MLflow does at every open: experiment 0 is where runs go that name none. */
async function ensureDefaultExperiment(database: Database): Promise<void> {
  const exists = await database.read(({ db }) =>
    db.selectFrom('experiments').select('experiment_id').where('experiment_id', '=', 0).executeTakeFirst()
  )
  if (exists) return
  await database.write(async (tx) => {
    await tx.db
      .insertInto('experiments')
      .values({
        experiment_id: 0,
        name: 'Default',
        artifact_location: experimentArtifactLocation(DEFAULT_EXPERIMENT_ID, tx.artifactRoot),
        lifecycle_stage: 'active',
        creation_time: tx.now,
        last_update_time: tx.now
      })
      .execute()
    tx.changes.add('experiment', { experiment: DEFAULT_EXPERIMENT_ID })
  })
}
