/** What rows of the model registry say, as cells; `registered-rows.ts` is the inverse. */
import { isModelId, isRunId, type ModelVersionId } from '#lib/domain/ids.ts'
import type { Json } from '#lib/domain/json.ts'
import { DELETED_STAGE } from '#lib/domain/model-version.ts'
import { FIELDS, PREFIXES } from '#lib/domain/sync/cells.ts'
import { chunks } from '../chunks.ts'
import type { Reader } from '../database.ts'
import { loggedModelInfos } from '../logged-models.ts'
import type { ModelVersionRow } from '../model-versions.ts'
import { WORKSPACE } from '../registry-rows.ts'
import { getRunInfos } from '../runs.ts'
import type { CellValues } from './cells-of-rows.ts'

/** It may have been made several times: the last one counts. */
const madeAt = (time: number): Json => ['active', time]
export const DELETED: Json = ['deleted', null]

/** Those that are here. */
export async function cellsOfRegisteredModels(r: Reader, names: readonly string[]): Promise<Map<string, CellValues>> {
  const found = new Map<string, CellValues>()
  for (const part of chunks(names)) {
    const rows = await r.db
      .selectFrom('registered_models')
      .selectAll()
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', part)
      .execute()
    for (const { name, creation_time, description } of rows) {
      const cells: CellValues = new Map<string, Json>([
        [FIELDS.genesis, { t: creation_time }],
        [FIELDS.stage, madeAt(creation_time)]
      ])
      if (description !== null) cells.set(FIELDS.description, description)
      found.set(name, cells)
    }
    await addModelTags(r, part, found)
    await addAliases(r, part, found)
  }
  return found
}

async function addModelTags(r: Reader, names: readonly string[], found: Map<string, CellValues>): Promise<void> {
  const rows = await r.db
    .selectFrom('registered_model_tags')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', 'in', names)
    .execute()
  for (const { name, key, value } of rows) found.get(name)?.set(PREFIXES.tag + key, value ?? '')
}

/** By the version's id: its number may become another. */
async function addAliases(r: Reader, names: readonly string[], found: Map<string, CellValues>): Promise<void> {
  const rows = await r.db
    .selectFrom('registered_model_aliases as alias')
    .innerJoin('model_versions as version', (join) =>
      join
        .onRef('version.workspace', '=', 'alias.workspace')
        .onRef('version.name', '=', 'alias.name')
        .onRef('version.version', '=', 'alias.version')
    )
    .select(['alias.name', 'alias.alias', 'version.runnel_id'])
    .where('alias.workspace', '=', WORKSPACE)
    .where('alias.name', 'in', names)
    .execute()
  for (const { name, alias, runnel_id } of rows) found.get(name)?.set(PREFIXES.alias + alias, runnel_id)
}

/** Those that are here, deleted ones too. */
export async function cellsOfModelVersions(
  r: Reader,
  ids: readonly ModelVersionId[]
): Promise<Map<ModelVersionId, CellValues>> {
  const found = new Map<ModelVersionId, CellValues>()
  for (const part of chunks(ids)) {
    const rows = await r.db
      .selectFrom('model_versions')
      .selectAll()
      .where('workspace', '=', WORKSPACE)
      .where('runnel_id', 'in', part)
      .execute()
    const owners = await ownersOf(r, rows)
    for (const row of rows) found.set(row.runnel_id as ModelVersionId, cellsOfVersion(row, owners))
    const tags = await r.db
      .selectFrom('model_versions as version')
      .innerJoin('model_version_tags as tag', (join) =>
        join
          .onRef('tag.workspace', '=', 'version.workspace')
          .onRef('tag.name', '=', 'version.name')
          .onRef('tag.version', '=', 'version.version')
      )
      .select(['version.runnel_id', 'tag.key', 'tag.value'])
      .where('version.workspace', '=', WORKSPACE)
      .where('version.runnel_id', 'in', part)
      .execute()
    for (const { runnel_id, key, value } of tags)
      found.get(runnel_id as ModelVersionId)?.set(PREFIXES.tag + key, value ?? '')
  }
  return found
}

function cellsOfVersion(row: ModelVersionRow, owners: Owners): CellValues {
  const cells: CellValues = new Map<string, Json>([
    [FIELDS.genesis, { t: row.creation_time }],
    [FIELDS.home, row.name],
    [PREFIXES.claim + row.name, row.runnel_claim ?? row.version]
  ])
  if (row.runnel_assigned !== null) cells.set(PREFIXES.assigned + row.name, row.runnel_assigned)
  if (row.current_stage === DELETED_STAGE) return cells.set(FIELDS.stage, DELETED)
  const { source, storage_location: location } = row
  cells.set(FIELDS.origin, [
    portableUri(source, owners),
    location === null ? null : portableUri(location, owners),
    row.run_id,
    row.run_link,
    row.user_id
  ])
  cells.set(FIELDS.status, [row.status, row.status_message])
  cells.set(FIELDS.versionStage, row.current_stage)
  if (row.description !== null) cells.set(FIELDS.description, row.description)
  return cells
}

// ── places ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where artifacts of runs and logged models lie in this store, and what MLflow calls that wherever it lies. */
type Owners = ReadonlyMap<string, string>

/**
 * A place among the artifacts of a run, or the root of a logged model, by its own name: where artifacts lie is each store's own affair, and
 * an experiment may go by another number in the next.
 */
function portableUri(uri: string, owners: Owners): string {
  for (const id of idsIn(uri)) {
    const [root, name] = [owners.get(id), `runs:/${id}`]
    if (root !== undefined && isRunId(id) && (uri === root || uri.startsWith(`${root}/`)))
      return name + uri.slice(root.length)
    if (owners.get(`model ${id}`) === uri) return `models:/${id}`
  }
  return uri
}

const idsIn = (uri: string): string[] =>
  Array.from(uri.matchAll(/\/([\w-]{1,256})\/artifacts(?=\/|$)/g), ([, id]) => id!)

async function ownersOf(r: Reader, rows: readonly ModelVersionRow[]): Promise<Owners> {
  const ids = [...new Set(rows.flatMap((row) => [...idsIn(row.source), ...idsIn(row.storage_location ?? '')]))]
  const owners = new Map<string, string>()
  for (const { runId, artifactUri } of await getRunInfos(r, ids.filter(isRunId))) owners.set(runId, artifactUri)
  for (const { modelId, artifactUri } of await loggedModelInfos(r, ids.filter(isModelId)))
    owners.set(`model ${modelId}`, artifactUri)
  return owners
}
