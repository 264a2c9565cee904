/**
 * Rows of versions made to say what cells say: the inverse of `cellsOfModelVersions`. What follows from several of them, numbers among it, is
 * for `settleModels`; until that has run a version that is new here, or came from another model, stands under a number below 0.
 */
import type { ModelVersionId } from '#lib/domain/ids.ts'
import { jsonText } from '#lib/domain/json.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { FIELDS, PREFIXES, restOfField, type Winners } from '#lib/domain/sync/cells.ts'
import { msOfHlc } from '#lib/domain/sync/clock.ts'
import { chunks } from '../chunks.ts'
import type { Reader, Tx } from '../database.ts'
import { BLOTTED_OUT, putVersionTag } from '../model-versions.ts'
import { touchVersion, WORKSPACE } from '../registry-rows.ts'
import { creationTimeOf, originOf, stageOf, textOf, versionStageOf, versionStatusOf } from './cell-values.ts'
import { claimColumns } from './registry-settling.ts'
import type { Changed } from './run-rows.ts'

/** Where a version stands here. */
interface Place {
  readonly name: string
  readonly version: number
}

/** Returns the models that a version came to, was changed in, or left. */
export async function writeVersions(tx: Tx, changed: readonly Changed<ModelVersionId>[]): Promise<Set<string>> {
  const places = await placesOf(
    tx,
    changed.map(({ id }) => id)
  )
  const names = new Set<string>()
  let lastAway = FIRST_AWAY
  for (const one of changed) {
    const name = jsonText(one.winners.get(FIELDS.home)?.value)
    const place = places.get(one.id)
    if (place) names.add(place.name)
    // What says of no model that it is in it is shown nowhere until it does.
    if (name === '') continue
    names.add(name)
    const there = place?.name === name ? place : { name, version: lastAway-- }
    if (place && place !== there) await move(tx, place, there)
    await writeVersion(tx, one, there, place === undefined)
    await writeTags(tx, one, there)
    touchVersion(tx, { runnel_id: one.id })
  }
  return names
}

const FIRST_AWAY = -1

/** Returns the models they were in. */
export async function deleteVersions(tx: Tx, ids: readonly ModelVersionId[]): Promise<Set<string>> {
  const places = await placesOf(tx, ids)
  for (const [id, { name, version }] of places) {
    for (const table of ['model_version_tags', 'model_versions'] as const)
      await tx.db
        .deleteFrom(table)
        .where('workspace', '=', WORKSPACE)
        .where('name', '=', name)
        .where('version', '=', version)
        .execute()
    touchVersion(tx, { runnel_id: id })
  }
  return new Set([...places.values()].map(({ name }) => name))
}

async function placesOf(r: Reader, ids: readonly ModelVersionId[]): Promise<Map<ModelVersionId, Place>> {
  const places = new Map<ModelVersionId, Place>()
  for (const part of chunks(ids)) {
    const rows = await r.db
      .selectFrom('model_versions')
      .select(['name', 'version', 'runnel_id'])
      .where('workspace', '=', WORKSPACE)
      .where('runnel_id', 'in', part)
      .execute()
    for (const { name, version, runnel_id } of rows) places.set(runnel_id as ModelVersionId, { name, version })
  }
  return places
}

async function move(tx: Tx, from: Place, to: Place): Promise<void> {
  for (const table of ['model_versions', 'model_version_tags'] as const)
    await tx.db
      .updateTable(table)
      .set({ name: to.name, version: to.version })
      .where('workspace', '=', WORKSPACE)
      .where('name', '=', from.name)
      .where('version', '=', from.version)
      .execute()
}

async function writeVersion(
  tx: Tx,
  { id, winners, fields }: Changed<ModelVersionId>,
  place: Place,
  isNew: boolean
): Promise<void> {
  const columns = { ...versionColumns(winners), ...claimColumns(place.name, winners) }
  const origin = originOf(winners.get(FIELDS.origin)?.value)
  const isDeleted = stageOf(winners.get(FIELDS.stage)?.value).stage === 'deleted'
  if (isNew)
    await tx.db
      .insertInto('model_versions')
      .values({ workspace: WORKSPACE, ...place, runnel_id: id, ...origin, ...columns, ...(isDeleted && BLOTTED_OUT) })
      .execute()
  else
    await tx.db
      .updateTable('model_versions')
      // Where it came from stays as it was said here, for as long as it is the same.
      .set({ ...(fields.includes(FIELDS.origin) && origin), ...columns, ...(isDeleted && BLOTTED_OUT) })
      .where('runnel_id', '=', id)
      .execute()
}

function versionColumns(winners: Winners) {
  const latest = Math.max(...[...winners.values()].map(({ hlc }) => hlc))
  return {
    creation_time: creationTimeOf(winners.get(FIELDS.genesis)?.value),
    last_updated_time: msOfHlc(latest),
    description: textOf(winners.get(FIELDS.description)?.value, Infinity),
    current_stage: versionStageOf(winners.get(FIELDS.versionStage)?.value),
    ...versionStatusOf(winners.get(FIELDS.status)?.value)
  }
}

async function writeTags(tx: Tx, { winners, fields }: Changed<ModelVersionId>, place: Place): Promise<void> {
  for (const field of fields) {
    if (!field.startsWith(PREFIXES.tag)) continue
    const key = restOfField(field)
    const text = textOf(winners.get(field)?.value, LIMITS.registryTagValueLength)
    if (text !== null) await putVersionTag(tx, place, { key, value: text })
    else
      await tx.db
        .deleteFrom('model_version_tags')
        .where('workspace', '=', WORKSPACE)
        .where('name', '=', place.name)
        .where('version', '=', place.version)
        .where('key', '=', key)
        .execute()
  }
}
