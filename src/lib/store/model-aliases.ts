import { absent, invalid } from '#lib/domain/errors.ts'
import type { ModelVersion } from '#lib/domain/model-version.ts'
import { isLatestAlias } from '#lib/domain/registered-model.ts'
import type { Reader, Tx } from './database.ts'
import { getLatestVersions, getModelVersion } from './model-versions.ts'
import { WORKSPACE, requireModelRow, touchModel } from './registry-rows.ts'

/** An alias that stands for another version is moved. Fails when the version is absent. */
export async function setModelAlias(tx: Tx, name: string, alias: string, version: number): Promise<void> {
  await getModelVersion(tx, name, version)
  await tx.db
    .insertInto('registered_model_aliases')
    .values({ workspace: WORKSPACE, name, alias, version })
    .onConflict((conflict) => conflict.columns(['workspace', 'name', 'alias']).doUpdateSet({ version }))
    .execute()
  touchModel(tx, name)
}

/** Idempotent, as in MLflow; fails when the model is absent. */
export async function deleteModelAlias(tx: Tx, name: string, alias: string): Promise<void> {
  await requireModelRow(tx, name)
  await tx.db
    .deleteFrom('registered_model_aliases')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('alias', '=', alias)
    .execute()
  touchModel(tx, name)
}

/**
 * The version an alias stands for; `latest` stands for the highest one.
 * Fails with RESOURCE_DOES_NOT_EXIST when the model has no version or is absent, with INVALID_PARAMETER_VALUE for an unknown alias.
 */
export async function getModelVersionByAlias(r: Reader, name: string, alias: string): Promise<ModelVersion> {
  if (isLatestAlias(alias)) {
    const latest = highest(await getLatestVersions(r, name))
    if (latest === null) throw absent(`Latest version not found for model ${name}.`)
    return latest
  }
  await requireModelRow(r, name)
  const row = await r.db
    .selectFrom('registered_model_aliases')
    .select('version')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('alias', '=', alias)
    .executeTakeFirst()
  if (!row) throw invalid(`Registered model alias ${alias} not found.`)
  return getModelVersion(r, name, row.version)
}

/** Null for none. */
export const highest = (versions: readonly ModelVersion[]): ModelVersion | null =>
  versions.reduce<ModelVersion | null>((best, one) => (best && best.version > one.version ? best : one), null)
