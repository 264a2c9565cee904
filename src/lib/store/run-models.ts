import { DELETED_STAGE } from '#lib/domain/model-version.ts'
import type { RunId } from '#lib/domain/ids.ts'
import type { Run } from '#lib/domain/run.ts'
import type { RunModel, RunModelVersion, RunModels } from '#lib/domain/run-model.ts'
import type { Reader } from './database.ts'
import { loggedModelInfos } from './logged-models.ts'
import { WORKSPACE, aliasesOfModels, aliasesOfVersion } from './registry-rows.ts'
import { awaitsNumbers } from './sync/registry-room.ts'

/** The logged models of a run, and what was registered of them or of its files. */
export async function runModels(r: Reader, run: Run): Promise<RunModels> {
  const made = new Set(run.modelOutputs.map(({ modelId }) => modelId))
  const fed = run.modelInputs.map(({ modelId }) => modelId).filter((id) => !made.has(id))
  const registered = await versionsOfRun(r, run.info.runId)
  const models = (await loggedModelInfos(r, [...made, ...fed]))
    .filter(({ lifecycleStage }) => lifecycleStage === 'active')
    .map(({ modelId, name, modelType, status }): RunModel => {
      const versions = registered.filter(({ source }) => source.includes(modelId)).map(({ version }) => version)
      return { modelId, name, modelType, status, role: made.has(modelId) ? 'output' : 'input', versions }
    })
  const shown = new Set(models.flatMap(({ versions }) => versions))
  return { models, versions: registered.map(({ version }) => version).filter((version) => !shown.has(version)) }
}

/** By name and version. `source` is where its files came from, as the caller said and as it was resolved. */
async function versionsOfRun(
  r: Reader,
  runId: RunId
): Promise<{ readonly version: RunModelVersion; readonly source: string }[]> {
  const rows = await r.db
    .selectFrom('model_versions')
    .select(['name', 'version', 'runnel_assigned', 'current_stage', 'source', 'storage_location'])
    .where('run_id', '=', runId)
    .where('workspace', '=', WORKSPACE)
    .where('current_stage', '!=', DELETED_STAGE)
    .orderBy('name')
    .orderBy('version')
    .execute()
  const aliases = await aliasesOfModels(r, [...new Set(rows.map(({ name }) => name))])
  const awaits = rows.length > 0 && (await awaitsNumbers(r))
  return rows.map(({ name, version, runnel_assigned, current_stage: stage, source, storage_location: location }) => ({
    version: {
      name,
      version,
      isProvisional: awaits && runnel_assigned === null,
      stage,
      aliases: aliasesOfVersion(aliases.get(name)!, version)
    },
    source: `${source} ${location ?? ''}`
  }))
}
