/** Registering a version: what its source stands for, then its row, then a word on the logged model it was made of. */
import { absent, invalid } from '#lib/domain/errors.ts'
import { isModelId, isRunId, newModelVersionId } from '#lib/domain/ids.ts'
import type { LoggedModel } from '#lib/domain/logged-model.ts'
import {
  MODEL_VERSIONS_TAG,
  parseStage,
  parseVersion,
  type ModelVersion,
  type ModelVersionStatus,
  type NewModelVersion,
  type Stage
} from '#lib/domain/model-version.ts'
import {
  parseModelUri,
  parseSourceUri,
  refuseForeignHost,
  validatePromptSource,
  validateSource,
  type ModelUri,
  type SourceUri
} from '#lib/domain/model-version-source.ts'
import { escapeNonAscii } from '#lib/domain/python-text.ts'
import { isPrompt } from '#lib/domain/registered-model.ts'
import type { Reader, Tx } from './database.ts'
import { findLoggedModel, setLoggedModelTags } from './logged-models.ts'
import { getModelVersionByAlias, highest } from './model-aliases.ts'
import {
  getLatestVersions,
  getModelVersion,
  getModelVersionDownloadUri,
  modelVersionsOf,
  putVersionTag
} from './model-versions.ts'
import { getRegisteredModel } from './registered-models.ts'
import { WORKSPACE, noteUpdate, requireModelRow, touchVersion } from './registry-rows.ts'
import { findRunInfo } from './runs.ts'
import { givesNumbers } from './sync/registry-room.ts'

/**
 * Register a version, READY at once, with the next number: those of deleted versions are not used again.
 * Fails when its model is absent, or what its source names, and when the source may not be one (domain/model-version-source.ts).
 */
export async function createModelVersion(tx: Tx, input: NewModelVersion): Promise<ModelVersion> {
  const origin = await resolveOrigin(tx, input)
  const { name } = await requireModelRow(tx, input.name)
  const version = await nextVersion(tx, name)
  const row = {
    workspace: WORKSPACE,
    name,
    version,
    creation_time: tx.now,
    last_updated_time: tx.now,
    description: input.description ?? '',
    user_id: null,
    current_stage: 'None' satisfies Stage,
    source: origin.source,
    run_id: origin.runId,
    status: 'READY' satisfies ModelVersionStatus,
    status_message: null,
    run_link: input.runLink ?? '',
    storage_location: origin.storageLocation,
    runnel_id: newModelVersionId(tx.now),
    runnel_claim: null,
    runnel_assigned: (await givesNumbers(tx)) ? version : null
  }
  await tx.db.insertInto('model_versions').values(row).execute()
  for (const tag of input.tags ?? []) await putVersionTag(tx, row, tag)
  await noteUpdate(tx, name)
  if (origin.model) await noteOnLoggedModel(tx, origin.model, name, row.version)
  touchVersion(tx, row)
  const [created] = await modelVersionsOf(tx, [row])
  return created!
}

async function nextVersion(r: Reader, name: string): Promise<number> {
  const { last } = await r.db
    .selectFrom('model_versions')
    .select(({ fn }) => fn.max<number | null>('version').as('last'))
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  return (last ?? 0) + 1
}

// ── origin ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Origin {
  /** As it is kept: an alias or a stage has become the version it stood for. */
  readonly source: string
  /** Where the files lie. */
  readonly storageLocation: string
  /** `''` for none. */
  readonly runId: string
  readonly model: LoggedModel | null
}

async function resolveOrigin(r: Reader, input: NewModelVersion): Promise<Origin> {
  const { source, runId = '', modelId = '', tags = [] } = input
  if (isPrompt(tags)) {
    validatePromptSource(source)
    return { source, storageLocation: source, runId, model: null }
  }
  const uri = parseSourceUri(source)
  refuseForeignHost(uri)
  if (uri.scheme !== 'models') return fromFiles(r, uri, runId, modelId)
  if (uri.authority !== '')
    throw invalid(
      `Invalid model version source: '${source}'. Registered model sources must use the active model registry.`
    )
  const named = parseModelUri(uri)
  return named.kind === 'logged-model' ? fromLoggedModel(r, uri, runId, modelId) : fromVersion(r, uri, named, input)
}

async function fromFiles(r: Reader, uri: SourceUri, runId: string, modelId: string): Promise<Origin> {
  const model = modelId === '' ? null : await findModel(r, modelId)
  if (modelId !== '')
    validateSource(uri, { parameter: 'model_id', id: modelId, artifactUri: model?.artifactUri ?? null })
  else {
    const run = isRunId(runId) ? await findRunInfo(r, runId) : null
    validateSource(uri, { parameter: 'run_id', id: runId, artifactUri: run?.artifactUri ?? null })
  }
  // MLflow asks for the model only after it has made the version, and leaves that behind.
  if (modelId !== '' && model === null) throw noModel(modelId)
  return { source: uri.text, storageLocation: uri.text, runId: runId || model?.sourceRunId || '', model }
}

async function fromLoggedModel(r: Reader, uri: SourceUri, runId: string, modelId: string): Promise<Origin> {
  validateSource(uri, { parameter: 'model_id', id: modelId, artifactUri: null })
  const model = await findModel(r, modelId)
  // MLflow answers 500, which its clients retry for minutes.
  if (model === null) throw noModel(modelId)
  return { source: uri.text, storageLocation: model.artifactUri, runId: runId || model.sourceRunId, model }
}

/** The files of another version: where they lie, and which run made them. */
async function fromVersion(
  r: Reader,
  uri: SourceUri,
  named: Exclude<ModelUri, { readonly kind: 'logged-model' }>,
  { runId, modelId }: NewModelVersion
): Promise<Origin> {
  const owner = await getRegisteredModel(r, named.name)
  if (isPrompt(owner.tags))
    throw invalid(
      `Invalid model version source: '${uri.text}'. Prompt versions cannot be used as model version sources.`
    )
  const { name, version, runId: itsRunId } = await versionOf(r, named)
  // No version keeps a model id of its own, so any that is given differs.
  if ((runId !== undefined && runId !== (itsRunId ?? '')) || (modelId ?? '') !== '')
    throw invalid(
      `Invalid model version source: '${uri.text}'. The run_id and model_id request parameters must match the referenced model version.`
    )
  return {
    source: `models:/${name}/${version}`,
    storageLocation: await getModelVersionDownloadUri(r, name, version),
    runId: itsRunId ?? '',
    model: null
  }
}

async function versionOf(
  r: Reader,
  named: Exclude<ModelUri, { readonly kind: 'logged-model' }>
): Promise<ModelVersion> {
  if (named.kind === 'version') return getModelVersion(r, named.name, parseVersion(named.version))
  if (named.kind === 'alias') return getModelVersionByAlias(r, named.name, named.alias)
  const latest = highest(await getLatestVersions(r, named.name, named.stage === null ? [] : [parseStage(named.stage)]))
  // MLflow answers 500.
  if (latest === null)
    throw absent(
      `No versions of model with name '${named.name}'${named.stage === null ? '' : ` and stage '${named.stage}'`} found`
    )
  return latest
}

async function findModel(r: Reader, id: string): Promise<LoggedModel | null> {
  const model = isModelId(id) ? await findLoggedModel(r, id) : null
  return model?.lifecycleStage === 'active' ? model : null
}

const noModel = (id: string) => absent(`Logged model with ID '${id}' not found.`)

// ── the logged model ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A logged model tells, in a tag, which versions were made of it. What stands there and is no list is written anew. */
async function noteOnLoggedModel(tx: Tx, model: LoggedModel, name: string, version: number): Promise<void> {
  const before = model.tags.find((tag) => tag.key === MODEL_VERSIONS_TAG)?.value ?? ''
  const known = parseList(before)
  if (known.some((item) => JSON.stringify(item) === JSON.stringify({ name, version }))) return
  const made = `{"name": ${escapeNonAscii(JSON.stringify(name))}, "version": ${version}}`
  const value = known.length === 0 ? `[${made}]` : `${before.slice(0, before.lastIndexOf(']')).trimEnd()}, ${made}]`
  await setLoggedModelTags(tx, model.modelId, [{ key: MODEL_VERSIONS_TAG, value }])
}

function parseList(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
