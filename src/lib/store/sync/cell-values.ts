/** What cells of other stores say, read with care: null for what is not of the shape it should be, which is then passed over. */
import { isModelId, type BlobId, type ModelId } from '#lib/domain/ids.ts'
import type { Json } from '#lib/domain/json.ts'
import type { LifecycleStage } from '#lib/domain/lifecycle.ts'
import { LIMITS, SYNC } from '#lib/domain/limits.ts'
import { LOGGED_MODEL_STATUSES } from '#lib/domain/logged-model.ts'
import { STAGES, type ModelVersionStatus, type Stage } from '#lib/domain/model-version.ts'
import { isRunStatus, type RunStatus } from '#lib/domain/run.ts'
import { cutText } from '#lib/domain/text.ts'
import type { Dataset } from '#lib/domain/dataset.ts'
import type { Tag } from '#lib/domain/tag.ts'

export const textOf = (value: Json | undefined, limit: number): string | null =>
  typeof value === 'string' ? cutText(value, limit) : null

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)

const wholeOrNull = (value: Json | undefined): number | null => (isWhole(value) ? value : null)

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : [])

const fieldsOf = (value: Json | undefined): Readonly<Record<string, Json | undefined>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, Json>) : {}

export interface RunGenesis {
  readonly userId: string
  readonly startTime: number
  /** Its number where it was made; 0 when it has none. */
  readonly number: number
}

export function runGenesisOf(value: Json | undefined): RunGenesis {
  const { u, t, n } = fieldsOf(value)
  return { userId: textOf(u, 256) ?? '', startTime: wholeOrNull(t) ?? 0, number: isWhole(n) && n > 0 ? n : 0 }
}

export function statusOf(value: Json | undefined): { readonly status: RunStatus; readonly endTime: number | null } {
  const [status, endTime] = listOf(value)
  return { status: isRunStatus(status) ? status : 'RUNNING', endTime: wholeOrNull(endTime) }
}

export function stageOf(value: Json | undefined): { readonly stage: LifecycleStage; readonly since: number | null } {
  const [stage, since] = listOf(value)
  return stage === 'deleted' ? { stage, since: wholeOrNull(since) } : { stage: 'active', since: null }
}

/** A file: its bytes are named by their SHA-256. */
export interface FileValue {
  readonly blobId: BlobId
  readonly size: number
  readonly mediaType: string
  readonly createdTime: number
}

export function fileOf(value: Json | undefined): FileValue | null {
  const [blobId, size, mediaType, createdTime] = listOf(value)
  if (typeof blobId !== 'string' || !/^[0-9a-f]{64}$/.test(blobId) || !isWhole(size) || size < 0) return null
  return {
    blobId: blobId as BlobId,
    size,
    mediaType: textOf(mediaType, 200) ?? 'application/octet-stream',
    createdTime: wholeOrNull(createdTime) ?? 0
  }
}

export interface DatasetName {
  readonly name: string
  readonly digest: string
}

/** `field` is what stands behind the prefix: JSON of name and digest. */
export function datasetNameOf(field: string): DatasetName | null {
  const [name, digest] = jsonList(field)
  if (typeof name !== 'string' || typeof digest !== 'string') return null
  return { name: cutText(name, LIMITS.datasetNameLength), digest: cutText(digest, LIMITS.datasetDigestLength) }
}

export function datasetOf(named: DatasetName, value: Json): Dataset {
  const [sourceType, source, schema, profile] = listOf(value)
  return {
    ...named,
    sourceType: textOf(sourceType, LIMITS.datasetSourceTypeLength) ?? '',
    source: textOf(source, LIMITS.datasetSourceLength) ?? '',
    schema: textOf(schema, LIMITS.datasetSchemaLength),
    profile: textOf(profile, LIMITS.datasetProfileLength)
  }
}

export const tagsOf = (value: Json): Tag[] =>
  listOf(value).flatMap((tag) => {
    const [key, text] = listOf(tag)
    return typeof key === 'string' && typeof text === 'string' ? [{ key, value: text }] : []
  })

export interface ModelGenesis {
  readonly name: string
  readonly modelType: string
  readonly sourceRunId: string
  readonly creationTime: number
}

export function modelGenesisOf(value: Json | undefined): ModelGenesis {
  const { n, m, r, t } = fieldsOf(value)
  return {
    name: textOf(n, LIMITS.loggedModelNameLength) ?? '',
    modelType: textOf(m, 500) ?? '',
    sourceRunId: textOf(r, 256) ?? '',
    creationTime: wholeOrNull(t) ?? 0
  }
}

/** Its number, which is what rows hold. */
export const modelStatusOf = (value: Json | undefined): number =>
  Math.max(0, (LOGGED_MODEL_STATUSES as readonly (Json | undefined)[]).indexOf(value))

export const modelIdOf = (text: string): ModelId | null => (isModelId(text) ? text : null)

export const creationTimeOf = (value: Json | undefined): number => wholeOrNull(fieldsOf(value)['t']) ?? 0

export interface Measurement {
  readonly key: string
  readonly timestamp: number
  readonly step: number
  readonly runId: string
  readonly datasetName: string | null
  readonly datasetDigest: string | null
  readonly value: number
}

export function measurementOf(field: string, value: Json): Measurement | null {
  const [key, timestamp, step, runId] = jsonList(field)
  const [number, datasetName, datasetDigest] = listOf(value)
  if (typeof key !== 'string' || typeof runId !== 'string' || !isWhole(timestamp) || !isWhole(step)) return null
  return {
    key,
    timestamp,
    step,
    runId,
    datasetName: textOf(datasetName, LIMITS.datasetNameLength),
    datasetDigest: textOf(datasetDigest, LIMITS.datasetDigestLength),
    value: typeof number === 'number' || typeof number === 'string' ? Number(number) : NaN
  }
}

function jsonList(text: string): readonly Json[] {
  try {
    return listOf(JSON.parse(text) as Json)
  } catch {
    return []
  }
}

// ── the registry ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** When a registered model was made that is there; null for one that was deleted. */
export function madeTimeOf(value: Json | undefined): number | null {
  const [stage, time] = listOf(value)
  return stage === 'active' ? (wholeOrNull(time) ?? 0) : null
}

/** Of a version; 0 for none that a version can have. */
export const numberOf = (value: Json | undefined): number => (isWhole(value) && value > 0 && value <= 1e9 ? value : 0)

export const versionStageOf = (value: Json | undefined): Stage =>
  STAGES.find((stage) => stage === value) ?? ('None' satisfies Stage)

const VERSION_STATUSES: readonly ModelVersionStatus[] = ['READY', 'PENDING_REGISTRATION', 'FAILED_REGISTRATION']

export function versionStatusOf(value: Json | undefined) {
  const [status, message] = listOf(value)
  return {
    status: VERSION_STATUSES.find((known) => known === status) ?? ('READY' satisfies ModelVersionStatus),
    status_message: textOf(message, SYNC.cellLength)
  }
}

/** Where a version came from. */
export function originOf(value: Json | undefined) {
  const [source, location, runId, runLink, userId] = listOf(value)
  return {
    source: textOf(source, SYNC.cellLength) ?? '',
    storage_location: textOf(location, SYNC.cellLength),
    run_id: textOf(runId, 256),
    run_link: textOf(runLink, SYNC.cellLength),
    user_id: textOf(userId, 256)
  }
}
