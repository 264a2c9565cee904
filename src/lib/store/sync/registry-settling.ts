/**
 * What of a registered model does not follow from the facts of one subject: whether there is such a model, which number each of its versions
 * goes by, and which of them its aliases stand for. Worked out anew from facts and rows, so that it never depends on what came first.
 *
 *   there is a model   when that was said last, or a version is in it: whoever registers a version of it while it is deleted elsewhere
 *                      has it back
 *   numbers            `domain/sync/version-numbers.ts`
 *   an alias           stands for a version that is here, in the model, and not deleted; otherwise for nothing yet
 */
import type { ModelVersionId } from '#lib/domain/ids.ts'
import { jsonText } from '#lib/domain/json.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { DELETED_STAGE } from '#lib/domain/model-version.ts'
import { FIELDS, PREFIXES, restOfField, winnersOf, type Said, type Winners } from '#lib/domain/sync/cells.ts'
import { hlcOfMs, msOfHlc, type Hlc } from '#lib/domain/sync/clock.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import { modelVersionSubject, registeredModelSubject } from '#lib/domain/sync/subject.ts'
import { settleNumbers, type NumberClaim } from '#lib/domain/sync/version-numbers.ts'
import { chunks } from '../chunks.ts'
import type { Reader, Tx } from '../database.ts'
import { deleteModelRows, putModelTag } from '../registered-models.ts'
import { findModelRow, touchModel, touchVersion, WORKSPACE } from '../registry-rows.ts'
import { creationTimeOf, madeTimeOf, numberOf, textOf } from './cell-values.ts'
import { factsOf } from './fact-rows.ts'
import { findWriter } from './replica.ts'

export async function settleModels(tx: Tx, names: Iterable<string>): Promise<void> {
  for (const name of [...names].sort()) await settleModel(tx, name)
}

async function settleModel(tx: Tx, name: string): Promise<void> {
  const subject = registeredModelSubject(name)
  const winners = (await winnersOfThese(tx, [subject])).get(subject) ?? new Map<string, Said>()
  const versions = await versionsOf(tx, name)
  if (madeTimeOf(winners.get(FIELDS.stage)?.value) === null && versions.length === 0) {
    if (winners.size > 0) await deleteModelRows(tx, name)
    return
  }
  await writeModel(tx, name, winners, versions)
  await writeNumbers(tx, name, versions)
  if (winners.size > 0) await writeAliases(tx, name, winners)
}

async function winnersOfThese(r: Reader, subjects: readonly Subject[]): Promise<Map<Subject, Winners>> {
  const known = await factsOf(r, await findWriter(r), subjects)
  return new Map([...known].map(([subject, { all }]) => [subject, winnersOf(all)]))
}

interface VersionRow {
  readonly version: number
  readonly runnel_id: string
  readonly runnel_claim: number | null
  readonly runnel_assigned: number | null
  readonly creation_time: number
}

const versionsOf = (r: Reader, name: string): Promise<VersionRow[]> =>
  r.db
    .selectFrom('model_versions')
    .select(['version', 'runnel_id', 'runnel_claim', 'runnel_assigned', 'creation_time'])
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .execute()

// ── the model ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function writeModel(tx: Tx, name: string, winners: Winners, versions: readonly VersionRow[]): Promise<void> {
  const row = await findModelRow(tx, name)
  if (winners.size === 0 && row !== undefined) return
  const began = versions.reduce((first, { creation_time }) => Math.min(first, creation_time), Infinity)
  const latest = Math.max(row?.last_updated_time ?? 0, ...Array.from(winners.values(), ({ hlc }) => msOfHlc(hlc)))
  const columns = {
    creation_time: madeTimeOf(winners.get(FIELDS.stage)?.value) ?? firstMade(winners) ?? began,
    description: textOf(winners.get(FIELDS.description)?.value, Infinity),
    last_updated_time: latest || began
  }
  await tx.db
    .insertInto('registered_models')
    .values({ workspace: WORKSPACE, name, ...columns })
    .onConflict((conflict) => conflict.columns(['workspace', 'name']).doUpdateSet(columns))
    .execute()
  await tx.db.deleteFrom('registered_model_tags').where('workspace', '=', WORKSPACE).where('name', '=', name).execute()
  for (const [field, { value }] of winners) {
    const text = field.startsWith(PREFIXES.tag) ? textOf(value, LIMITS.registryTagValueLength) : null
    if (text !== null) await putModelTag(tx, name, { key: restOfField(field), value: text })
  }
  touchModel(tx, name)
}

/** null while nothing is known of the model but its versions. */
const firstMade = (winners: Winners): number | null =>
  winners.has(FIELDS.genesis) ? creationTimeOf(winners.get(FIELDS.genesis)!.value) : null

// ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function writeNumbers(tx: Tx, name: string, versions: readonly VersionRow[]): Promise<void> {
  const numbers = settleNumbers(await claimsOf(tx, name, versions))
  const moves = versions.map((row) => ({ row, number: numbers.get(row.runnel_id as ModelVersionId)! }))
  // By way of numbers that no version has: two may take each other's.
  const away = moves.filter(({ row, number }) => row.version !== number)
  for (const [i, { row }] of away.entries()) await renumber(tx, name, row.version, FIRST_AWAY - i)
  for (const [i, { number }] of away.entries()) await renumber(tx, name, FIRST_AWAY - i, number)
  for (const { row, number } of moves) {
    const claim = claimIn(row) === number ? null : claimIn(row)
    if (row.version === number && row.runnel_claim === claim) continue
    await tx.db
      .updateTable('model_versions')
      .set({ runnel_claim: claim })
      .where('runnel_id', '=', row.runnel_id)
      .execute()
    touchVersion(tx, row)
  }
}

const FIRST_AWAY = -1_000_000_000

async function renumber(tx: Tx, name: string, from: number, to: number): Promise<void> {
  for (const table of ['model_versions', 'model_version_tags', 'registered_model_aliases'] as const)
    await tx.db
      .updateTable(table)
      .set({ version: to })
      .where('workspace', '=', WORKSPACE)
      .where('name', '=', name)
      .where('version', '=', from)
      .execute()
}

const claimIn = (row: VersionRow): number => row.runnel_claim ?? row.version

const wantedBy = (row: VersionRow): number => row.runnel_assigned ?? claimIn(row)

/** What each version says of its number. When it was said is looked for only where several want one. */
async function claimsOf(r: Reader, name: string, versions: readonly VersionRow[]): Promise<NumberClaim[]> {
  const clashing = [...Map.groupBy(versions, wantedBy)].flatMap(([number, rows]) =>
    rows.length > 1 || number === 0 ? rows : []
  )
  const times = new Map<string, Hlc>()
  for (const part of chunks(clashing)) {
    const subjects = part.map(({ runnel_id }) => modelVersionSubject(runnel_id as ModelVersionId))
    const known = await winnersOfThese(r, subjects)
    for (const [i, row] of part.entries()) times.set(row.runnel_id, timeOf(name, row, known.get(subjects[i]!)))
  }
  return versions.map((row) => ({
    id: row.runnel_id as ModelVersionId,
    number: wantedBy(row),
    isAssigned: row.runnel_assigned !== null,
    hlc: times.get(row.runnel_id) ?? 0
  }))
}

/** Of one that nobody has said anything of it will be said of the time it was made. */
function timeOf(name: string, row: VersionRow, winners: Winners | undefined): Hlc {
  const kind = row.runnel_assigned === null ? PREFIXES.claim : PREFIXES.assigned
  return winners?.get(kind + name)?.hlc ?? hlcOfMs(row.creation_time)
}

/** The columns of a version that hold what it says of its number under a name; `settleModels` then says what its number is. */
export function claimColumns(name: string, winners: Winners) {
  const assigned = numberOf(winners.get(PREFIXES.assigned + name)?.value)
  return {
    runnel_claim: numberOf(winners.get(PREFIXES.claim + name)?.value),
    runnel_assigned: assigned > 0 ? assigned : null
  }
}

/** Let the rows of versions that were moved hold what is said of their numbers under their new name: they may have had it before. */
export async function heedClaims(tx: Tx, subjects: readonly Subject[]): Promise<void> {
  for (const [subject, winners] of await winnersOfThese(tx, subjects))
    await tx.db
      .updateTable('model_versions')
      .set(claimColumns(jsonText(winners.get(FIELDS.home)?.value), winners))
      .where('runnel_id', '=', subject.slice(1))
      .execute()
}

// ── aliases ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function writeAliases(tx: Tx, name: string, winners: Winners): Promise<void> {
  const said = [...winners].filter(([field, { value }]) => field.startsWith(PREFIXES.alias) && value !== null)
  await tx.db
    .deleteFrom('registered_model_aliases')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .execute()
  for (const [field, { value }] of said) {
    const row = await tx.db
      .selectFrom('model_versions')
      .select('version')
      .where('runnel_id', '=', jsonText(value))
      .where('workspace', '=', WORKSPACE)
      .where('name', '=', name)
      .where('current_stage', '!=', DELETED_STAGE)
      .executeTakeFirst()
    if (row === undefined) continue
    await tx.db
      .insertInto('registered_model_aliases')
      .values({ workspace: WORKSPACE, name, alias: restOfField(field), version: row.version })
      .execute()
  }
}
