import { RunnelError } from '#lib/domain/errors.ts'
import { pythonText } from '#lib/domain/python-text.ts'
import { isPrompt, type NewRegisteredModel, type RegisteredModel } from '#lib/domain/registered-model.ts'
import type { Tag } from '#lib/domain/tag.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import { latestOfModels } from './model-versions.ts'
import {
  WORKSPACE,
  aliasesOfModels,
  findModelRow,
  noteUpdate,
  requireModelRow,
  touchModel,
  touchVersion,
  versionIdsOf,
  type RegisteredModelRow
} from './registry-rows.ts'
import { givesNumbers } from './sync/registry-room.ts'

/** Models and prompts share their names. Fails with RESOURCE_ALREADY_EXISTS when either has this one. */
export async function createRegisteredModel(tx: Tx, input: NewRegisteredModel): Promise<RegisteredModel> {
  const { name, description = '', tags = [] } = input
  if (await findModelRow(tx, name)) {
    const there = await getRegisteredModel(tx, name)
    throw alreadyExists(name, { there: isPrompt(there.tags), wanted: isPrompt(tags) })
  }
  await tx.db
    .insertInto('registered_models')
    .values({ workspace: WORKSPACE, name, description, creation_time: tx.now, last_updated_time: tx.now })
    .execute()
  for (const tag of tags) await putModelTag(tx, name, tag)
  touchModel(tx, name)
  return getRegisteredModel(tx, name)
}

function alreadyExists(name: string, isPrompt: { readonly there: boolean; readonly wanted: boolean }): RunnelError {
  const kind = (prompt: boolean) => (prompt ? 'Prompt' : 'Registered Model')
  const [there, wanted] = [kind(isPrompt.there), kind(isPrompt.wanted)]
  return new RunnelError(
    'RESOURCE_ALREADY_EXISTS',
    there === wanted
      ? `${wanted} (name=${name}) already exists.`
      : `Tried to create a ${wanted.toLowerCase()} with name ${pythonText(name)}, but the name is already taken by a ` +
          `${there.toLowerCase()}. MLflow does not allow creating a model and a prompt with the same name.`
  )
}

/** Fails with RESOURCE_DOES_NOT_EXIST. */
export async function getRegisteredModel(r: Reader, name: string): Promise<RegisteredModel> {
  const [model] = await modelsOf(r, [await requireModelRow(r, name)])
  return model!
}

/** In the order of `names`; unknown ones are left out. */
export async function getRegisteredModels(r: Reader, names: readonly string[]): Promise<RegisteredModel[]> {
  const rows = new Map<string, RegisteredModelRow>()
  for (const part of chunks(names)) {
    const found = await r.db
      .selectFrom('registered_models')
      .selectAll()
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', part)
      .execute()
    for (const row of found) rows.set(row.name, row)
  }
  return modelsOf(
    r,
    names.flatMap((name) => rows.get(name) ?? [])
  )
}

/** `''` takes the description away. */
export async function updateRegisteredModel(tx: Tx, name: string, description: string): Promise<RegisteredModel> {
  await requireModelRow(tx, name)
  await tx.db
    .updateTable('registered_models')
    .set({ description, last_updated_time: tx.now })
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .execute()
  touchModel(tx, name)
  return getRegisteredModel(tx, name)
}

const TABLES_OF_A_MODEL = [
  'registered_models',
  'registered_model_tags',
  'registered_model_aliases',
  'model_versions',
  'model_version_tags'
] as const

/**
 * Its versions, deleted ones too, its tags and its aliases go with it; sources of others that name it do not.
 * Fails with RESOURCE_ALREADY_EXISTS when the new name is taken.
 */
export async function renameRegisteredModel(tx: Tx, name: string, newName: string): Promise<RegisteredModel> {
  await requireModelRow(tx, name)
  if (newName !== name) await rename(tx, name, newName)
  await tx.db
    .updateTable('model_versions')
    .set({ last_updated_time: tx.now })
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', newName)
    .execute()
  await noteUpdate(tx, newName)
  touchModel(tx, newName)
  return getRegisteredModel(tx, newName)
}

async function rename(tx: Tx, name: string, newName: string): Promise<void> {
  if (await findModelRow(tx, newName)) throw alreadyExists(newName, { there: false, wanted: false })
  for (const table of TABLES_OF_A_MODEL)
    await tx.db
      .updateTable(table)
      .set({ name: newName })
      .where('workspace', '=', WORKSPACE)
      .where('name', '=', name)
      .execute()
  // Numbers are a model's: under the new name each is taken anew.
  const gives = await givesNumbers(tx)
  await tx.db
    .updateTable('model_versions')
    .set((eb) => ({ runnel_claim: null, runnel_assigned: gives ? eb.ref('version') : null }))
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', newName)
    .execute()
  touchModel(tx, name)
  for (const row of await versionIdsOf(tx, newName)) touchVersion(tx, row)
}

/** With all of its versions, so that a new model of the name counts from 1 again. Fails with RESOURCE_DOES_NOT_EXIST. */
export async function deleteRegisteredModel(tx: Tx, name: string): Promise<void> {
  await requireModelRow(tx, name)
  tx.makeRoom()
  for (const row of await versionIdsOf(tx, name)) touchVersion(tx, row)
  await deleteModelRows(tx, name)
}

/** All rows there are of a model. */
export async function deleteModelRows(tx: Tx, name: string): Promise<void> {
  for (const table of TABLES_OF_A_MODEL)
    await tx.db.deleteFrom(table).where('workspace', '=', WORKSPACE).where('name', '=', name).execute()
  touchModel(tx, name)
}

export async function setRegisteredModelTag(tx: Tx, name: string, tag: Tag): Promise<void> {
  await requireModelRow(tx, name)
  await putModelTag(tx, name, tag)
  touchModel(tx, name)
}

/** Idempotent, as in MLflow; fails when the model is absent. */
export async function deleteRegisteredModelTag(tx: Tx, name: string, key: string): Promise<void> {
  await requireModelRow(tx, name)
  await tx.db
    .deleteFrom('registered_model_tags')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('key', '=', key)
    .execute()
  touchModel(tx, name)
}

export async function putModelTag(tx: Tx, name: string, { key, value }: Tag): Promise<void> {
  await tx.db
    .insertInto('registered_model_tags')
    .values({ workspace: WORKSPACE, name, key, value })
    .onConflict((conflict) => conflict.columns(['workspace', 'name', 'key']).doUpdateSet({ value }))
    .execute()
}

async function modelsOf(r: Reader, rows: readonly RegisteredModelRow[]): Promise<RegisteredModel[]> {
  const names = rows.map((row) => row.name)
  const [tags, aliases, latest] = [
    await tagsOf(r, names),
    await aliasesOfModels(r, names),
    await latestOfModels(r, names)
  ]
  return rows.map((row) => ({
    name: row.name,
    description: row.description,
    creationTime: row.creation_time,
    lastUpdateTime: row.last_updated_time,
    latestVersions: latest.get(row.name)!,
    tags: tags.get(row.name) ?? [],
    aliases: aliases.get(row.name)!
  }))
}

/** By model, in key order. */
async function tagsOf(r: Reader, names: readonly string[]): Promise<Map<string, Tag[]>> {
  const tags = new Map<string, Tag[]>()
  for (const part of chunks(names)) {
    const rows = await r.db
      .selectFrom('registered_model_tags')
      .selectAll()
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', part)
      .orderBy('key')
      .execute()
    for (const [name, own] of Map.groupBy(rows, (row) => row.name))
      tags.set(
        name,
        own.map(({ key, value }) => ({ key, value: value ?? '' }))
      )
  }
  return tags
}
