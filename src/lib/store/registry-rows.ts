/** What the registry's nouns share: the row of a registered model, and its aliases. There is one workspace, MLflow's default. */
import type { Selectable } from 'kysely'
import { absent } from '#lib/domain/errors.ts'
import type { ModelVersionId } from '#lib/domain/ids.ts'
import type { Alias } from '#lib/domain/registered-model.ts'
import { modelVersionSubject, registeredModelSubject } from '#lib/domain/sync/subject.ts'
import { chunks } from './chunks.ts'
import type { Reader, Tx } from './database.ts'
import type { RegisteredModelsTable } from './schema.ts'

export const WORKSPACE = 'default'

export type RegisteredModelRow = Selectable<RegisteredModelsTable>

export const findModelRow = (r: Reader, name: string): Promise<RegisteredModelRow | undefined> =>
  r.db
    .selectFrom('registered_models')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .executeTakeFirst()

/** Fails with RESOURCE_DOES_NOT_EXIST. */
export async function requireModelRow(r: Reader, name: string): Promise<RegisteredModelRow> {
  const row = await findModelRow(r, name)
  if (!row) throw absent(`Registered Model with name=${name} not found`)
  return row
}

/** To be called by whoever changes a model's row, its tags or its aliases. */
export function touchModel(tx: Tx, name: string): void {
  tx.changes.add('registered-model', { registered: registeredModelSubject(name) })
}

/** To be called by whoever changes a version. */
export function touchVersion(tx: Tx, { runnel_id }: { readonly runnel_id: string }): void {
  tx.changes.add('registered-model', { registered: modelVersionSubject(runnel_id as ModelVersionId) })
}

/** Of all versions of a model, deleted ones too. */
export async function versionIdsOf(r: Reader, name: string): Promise<{ readonly runnel_id: string }[]> {
  return r.db
    .selectFrom('model_versions')
    .select('runnel_id')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .execute()
}

/** A model changes with its versions. */
export async function noteUpdate(tx: Tx, name: string): Promise<void> {
  await tx.db
    .updateTable('registered_models')
    .set({ last_updated_time: tx.now })
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .execute()
}

/** Which of a model's aliases stand for one of its versions. */
export const aliasesOfVersion = (aliases: readonly Alias[], version: number): string[] =>
  aliases.filter((alias) => alias.version === version).map(({ alias }) => alias)

/** By model, in the order of their names. */
export async function aliasesOfModels(r: Reader, names: readonly string[]): Promise<Map<string, Alias[]>> {
  const aliases = new Map<string, Alias[]>(names.map((name) => [name, []]))
  for (const part of chunks(names)) {
    const rows = await r.db
      .selectFrom('registered_model_aliases')
      .selectAll()
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', part)
      .orderBy('alias')
      .execute()
    for (const { name, alias, version } of rows) aliases.get(name)!.push({ alias, version })
  }
  return aliases
}
