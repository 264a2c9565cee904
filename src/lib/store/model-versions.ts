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
import {
  WORKSPACE,
  aliasesOfModels,
  aliasesOfVersion,
  noteUpdate,
  requireModelRow,
  touchVersion
} from './registry-rows.ts'
import { awaitsNumbers } from './sync/registry-room.ts'
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
  const row = await requireRow(tx, name, version)
  await change(tx, row, { description, last_updated_time: tx.now })
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
  const row = await requireRow(tx, name, version)
  // One by one: each of them is told of as somebody's decision, and not worked out by others from whoever stands there with them.
  if (archiveExisting)
    for (const other of await rowsInStage(tx, name, stage))
      await change(tx, other, { current_stage: 'Archived' satisfies Stage, last_updated_time: tx.now })
  await change(tx, row, { current_stage: stage, last_updated_time: tx.now })
  await noteUpdate(tx, name)
  return getModelVersion(tx, name, version)
}

const rowsInStage = (r: Reader, name: string, stage: Stage): Promise<VersionKey[]> =>
  r.db
    .selectFrom('model_versions')
    .select(['name', 'version', 'runnel_id'])
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('current_stage', '=', stage)
    .execute()

/** What stands in the row of a version that was deleted. */
export const BLOTTED_OUT = {
  description: null,
  user_id: null,
  source: 'REDACTED-SOURCE-PATH',
  run_id: 'REDACTED-RUN-ID',
  run_link: 'REDACTED-RUN-LINK',
  status_message: null,
  current_stage: DELETED_STAGE
} as const

/**
 * Its row and tags stay, with what it said of its whereabouts blotted out, so that its number is not used again; so MLflow keeps them.
 * Aliases that stood for it go. Fails with RESOURCE_DOES_NOT_EXIST.
 */
export async function deleteModelVersion(tx: Tx, name: string, version: number): Promise<void> {
  const row = await requireRow(tx, name, version)
  tx.makeRoom()
  await change(tx, row, { ...BLOTTED_OUT, last_updated_time: tx.now })
  await tx.db
    .deleteFrom('registered_model_aliases')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .execute()
  await noteUpdate(tx, name)
}

export async function setModelVersionTag(tx: Tx, name: string, version: number, tag: Tag): Promise<void> {
  const row = await requireRow(tx, name, version)
  await putVersionTag(tx, row, tag)
  touchVersion(tx, row)
}

/** Idempotent, as in MLflow; fails when the version is absent. */
export async function deleteModelVersionTag(tx: Tx, name: string, version: number, key: string): Promise<void> {
  const row = await requireRow(tx, name, version)
  await tx.db
    .deleteFrom('model_version_tags')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .where('key', '=', key)
    .execute()
  touchVersion(tx, row)
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
  const awaits = rows.length > 0 && (await awaitsNumbers(r))
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
    for (const row of part) {
      const isProvisional = awaits && row.runnel_assigned === null
      versions.push(toVersion(row, byVersion.get(`${row.version}/${row.name}`) ?? [], isProvisional))
    }
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

type VersionKey = Pick<ModelVersionRow, 'name' | 'version' | 'runnel_id'>

async function change(tx: Tx, row: VersionKey, values: Partial<ModelVersionRow>): Promise<void> {
  await tx.db
    .updateTable('model_versions')
    .set(values)
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', row.name)
    .where('version', '=', row.version)
    .execute()
  touchVersion(tx, row)
}

async function whole(r: Reader, row: ModelVersionRow): Promise<ModelVersion> {
  const [version] = await modelVersionsOf(r, [row])
  const aliases = (await aliasesOfModels(r, [row.name])).get(row.name)!
  return { ...version!, aliases: aliasesOfVersion(aliases, row.version) }
}

function toVersion(
  row: ModelVersionRow,
  tags: readonly { key: string; value: string | null }[],
  isProvisional: boolean
): ModelVersion {
  return {
    name: row.name,
    version: row.version,
    isProvisional,
    creationTime: row.creation_time,
    lastUpdateTime: row.last_updated_time,
    description: row.description,
    userId: row.user_id,
    stage: row.current_stage,
    source: row.source,
    runId: row.run_id,
    runLink: row.run_link,
    status: row.status as ModelVersionStatus,
    statusMessage: row.status_message ?? renumbered(row),
    tags: tags.map(({ key, value }) => ({ key, value: value ?? '' })),
    aliases: []
  }
}

/** What was read under its old number is read under the new one: the old one is another version's, which had it before. */
const renumbered = ({ runnel_claim, current_stage }: ModelVersionRow): string | null =>
  runnel_claim === null || current_stage === DELETED_STAGE
    ? null
    : `Registered as version ${runnel_claim}, which another version had before.`
