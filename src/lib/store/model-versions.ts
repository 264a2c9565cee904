import { sql, type Selectable } from 'kysely'
import { absent, invalid } from '#lib/domain/errors.ts'
import {
  ACTIVE_STAGES,
  DELETED_STAGE,
  STAGES,
  type ModelVersion,
  type ModelVersionStatus,
  type Stage
} from '#lib/domain/model-version.ts'
import type { Tag } from '#lib/domain/tag.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import { WORKSPACE, aliasesOfModels, aliasesOfVersion, noteUpdate, requireModelRow } from './registry-rows.ts'
import type { ModelVersionsTable } from './schema.ts'

export type ModelVersionRow = Selectable<ModelVersionsTable>

/** Fails with RESOURCE_DOES_NOT_EXIST, for deleted versions too. */
export async function getModelVersion(r: Reader, name: string, version: number): Promise<ModelVersion> {
  return whole(r, await requireRow(r, name, version))
}

/** Where its files lie: its source, or what that stood for when the version was made. Fails like `getModelVersion`. */
export async function getModelVersionDownloadUri(r: Reader, name: string, version: number): Promise<string> {
  const row = await requireRow(r, name, version)
  return row.storage_location || row.source
}

/** The highest version of each stage asked for, with aliases; of every stage when none is. Fails when the model is absent. */
export async function getLatestVersions(
  r: Reader,
  name: string,
  stages: readonly Stage[] = []
): Promise<ModelVersion[]> {
  await requireModelRow(r, name)
  const wanted: readonly string[] = stages.length > 0 ? stages : STAGES
  const latest = (await latestOfModels(r, [name])).get(name)!.filter(({ stage }) => wanted.includes(stage))
  const aliases = (await aliasesOfModels(r, [name])).get(name)!
  return latest.map((version) => ({ ...version, aliases: aliasesOfVersion(aliases, version.version) }))
}

/** By model: the highest version of each stage, the stage of the lowest version first. Without aliases. */
export async function latestOfModels(r: Reader, names: readonly string[]): Promise<Map<string, ModelVersion[]>> {
  const latest = new Map<string, ModelVersion[]>(names.map((name) => [name, []]))
  for (const part of chunks(names)) {
    const stages = r.db
      .selectFrom('model_versions')
      .select(({ fn }) => ['name', fn.max('version').as('highest'), fn.min('version').as('lowest')])
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', part)
      .where('current_stage', '!=', DELETED_STAGE)
      .groupBy(['name', 'current_stage'])
      .as('stages')
    const rows = await r.db
      .selectFrom(stages)
      // Cross, as SQLite keeps its order: it would read every version of every model to look up the few stages.
      .crossJoin('model_versions')
      .where('model_versions.workspace', '=', WORKSPACE)
      .whereRef('model_versions.name', '=', 'stages.name')
      .whereRef('model_versions.version', '=', 'stages.highest')
      .selectAll('model_versions')
      .orderBy('stages.name')
      .orderBy('stages.lowest')
      .execute()
    for (const version of await modelVersionsOf(r, rows)) latest.get(version.name)!.push(version)
  }
  return latest
}

/** Null takes the description away. */
export async function updateModelVersion(
  tx: Tx,
  name: string,
  version: number,
  description: string | null
): Promise<ModelVersion> {
  await requireRow(tx, name, version)
  await change(tx, name, version, { description, last_updated_time: tx.now })
  return getModelVersion(tx, name, version)
}

/**
 * Move a version to a stage; the others that stand there go to the archive when `archiveExisting`.
 * Fails with INVALID_PARAMETER_VALUE when that is asked of a stage that is not an active one (MLflow answers 500).
 */
export async function transitionModelVersion(
  tx: Tx,
  name: string,
  version: number,
  { stage, archiveExisting = false }: { readonly stage: Stage; readonly archiveExisting?: boolean }
): Promise<ModelVersion> {
  if (archiveExisting && !ACTIVE_STAGES.some((active) => active === stage))
    throw invalid(
      `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. ` +
        `Valid stages are ['${ACTIVE_STAGES.join("', '")}']`
    )
  await requireRow(tx, name, version)
  if (archiveExisting)
    await tx.db
      .updateTable('model_versions')
      .set({ current_stage: 'Archived' satisfies Stage, last_updated_time: tx.now })
      .where('workspace', '=', WORKSPACE)
      .where('name', '=', name)
      .where('current_stage', '=', stage)
      .execute()
  await change(tx, name, version, { current_stage: stage, last_updated_time: tx.now })
  await noteUpdate(tx, name)
  return getModelVersion(tx, name, version)
}

/**
 * Its row and tags stay, with what it said of its whereabouts blotted out, so that its number is not used again; so MLflow keeps them.
 * Aliases that stood for it go. Fails with RESOURCE_DOES_NOT_EXIST.
 */
export async function deleteModelVersion(tx: Tx, name: string, version: number): Promise<void> {
  await requireRow(tx, name, version)
  tx.makeRoom()
  await change(tx, name, version, {
    current_stage: DELETED_STAGE,
    last_updated_time: tx.now,
    description: null,
    user_id: null,
    source: 'REDACTED-SOURCE-PATH',
    run_id: 'REDACTED-RUN-ID',
    run_link: 'REDACTED-RUN-LINK',
    status_message: null
  })
  await tx.db
    .deleteFrom('registered_model_aliases')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .execute()
  await noteUpdate(tx, name)
}

export async function setModelVersionTag(tx: Tx, name: string, version: number, tag: Tag): Promise<void> {
  await putVersionTag(tx, await requireRow(tx, name, version), tag)
  tx.changes.add('registered-model')
}

/** Idempotent, as in MLflow; fails when the version is absent. */
export async function deleteModelVersionTag(tx: Tx, name: string, version: number, key: string): Promise<void> {
  await requireRow(tx, name, version)
  await tx.db
    .deleteFrom('model_version_tags')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .where('key', '=', key)
    .execute()
  tx.changes.add('registered-model')
}

export async function putVersionTag(
  tx: Tx,
  { name, version }: Pick<ModelVersionRow, 'name' | 'version'>,
  { key, value }: Tag
): Promise<void> {
  await tx.db
    .insertInto('model_version_tags')
    .values({ workspace: WORKSPACE, name, version, key, value })
    .onConflict((conflict) => conflict.columns(['workspace', 'name', 'version', 'key']).doUpdateSet({ value }))
    .execute()
}

/** Whole versions in the order of their rows, without aliases. */
export async function modelVersionsOf(r: Reader, rows: readonly ModelVersionRow[]): Promise<ModelVersion[]> {
  const versions: ModelVersion[] = []
  for (const part of chunks(rows)) {
    const pairs = sql.join(part.map(({ name, version }) => sql`(${name}, ${version})`))
    const tags = await r.db
      .selectFrom('model_version_tags')
      .selectAll()
      .where('workspace', '=', WORKSPACE)
      .where(sql<boolean>`(name, version) in (values ${pairs})`)
      .orderBy('key')
      .execute()
    const byVersion = Map.groupBy(tags, ({ name, version }) => `${version}/${name}`)
    for (const row of part) versions.push(toVersion(row, byVersion.get(`${row.version}/${row.name}`) ?? []))
  }
  return versions
}

async function requireRow(r: Reader, name: string, version: number): Promise<ModelVersionRow> {
  const row = await r.db
    .selectFrom('model_versions')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .where('current_stage', '!=', DELETED_STAGE)
    .executeTakeFirst()
  if (!row) throw absent(`Model Version (name=${name}, version=${version}) not found`)
  return row
}

async function change(tx: Tx, name: string, version: number, values: Partial<ModelVersionRow>): Promise<void> {
  await tx.db
    .updateTable('model_versions')
    .set(values)
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .execute()
  tx.changes.add('registered-model')
}

async function whole(r: Reader, row: ModelVersionRow): Promise<ModelVersion> {
  const [version] = await modelVersionsOf(r, [row])
  const aliases = (await aliasesOfModels(r, [row.name])).get(row.name)!
  return { ...version!, aliases: aliasesOfVersion(aliases, row.version) }
}

function toVersion(row: ModelVersionRow, tags: readonly { key: string; value: string | null }[]): ModelVersion {
  return {
    name: row.name,
    version: row.version,
    creationTime: row.creation_time,
    lastUpdateTime: row.last_updated_time,
    description: row.description,
    userId: row.user_id,
    stage: row.current_stage,
    source: row.source,
    runId: row.run_id,
    runLink: row.run_link,
    status: row.status as ModelVersionStatus,
    statusMessage: row.status_message,
    tags: tags.map(({ key, value }) => ({ key, value: value ?? '' })),
    aliases: []
  }
}
