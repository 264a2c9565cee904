/** Whether a store's model registry is what facts say: looked at without the code that wrote it. */
import { parseSubject } from '#lib/domain/sync/subject.ts'
import type { Said } from '#lib/domain/sync/cells.ts'
import type { Subject } from '#lib/domain/sync/facts.ts'
import type { Json } from '#lib/domain/json.ts'
import type { Reader } from '#lib/store/database.ts'

type Winners = ReadonlyMap<string, Said>

interface Version {
  readonly id: string
  readonly own: Winners
  readonly name: string
  readonly isDeleted: boolean
}

/** `winners` of all subjects; those that are gone for good are in `gone`. */
export async function registryFaults(
  r: Reader,
  winners: ReadonlyMap<Subject, Winners>,
  gone: ReadonlySet<Subject>
): Promise<string[]> {
  const models = new Map<string, Winners>()
  const versions: Version[] = []
  for (const [subject, own] of winners) {
    const of = parseSubject(subject)
    if (of?.kind === 'registered-model') models.set(of.id, own)
    if (of?.kind === 'model-version' && !gone.has(subject))
      versions.push({ id: of.id, own, name: text(own.get('h')), isDeleted: list(own.get('x'))[0] === 'deleted' })
  }
  return [
    ...(await modelFaults(r, models, versions)),
    ...(await versionFaults(r, versions)),
    ...(await aliasFaults(r, models, versions))
  ]
}

const text = (said: Said | undefined): string => (typeof said?.value === 'string' ? said.value : '')
const list = (said: Said | undefined): readonly Json[] => (Array.isArray(said?.value) ? (said.value as Json[]) : [])

/** Of a prefix, what stands behind it and what is said of it. */
const under = (own: Winners, prefix: string): [string, string][] =>
  [...own].flatMap(([field, { value }]) =>
    field.startsWith(prefix) && typeof value === 'string' ? [[field.slice(prefix.length), value]] : []
  )

function differing(what: string, found: readonly string[], wanted: readonly string[]): string[] {
  const [a, b] = [found.toSorted().join('; '), wanted.toSorted().join('; ')]
  return a === b ? [] : [`${what}: rows have ${a || 'nothing'}, facts say ${b || 'nothing'}`]
}

async function modelFaults(
  r: Reader,
  models: ReadonlyMap<string, Winners>,
  versions: readonly Version[]
): Promise<string[]> {
  const there = [...models].filter(
    ([name, own]) => list(own.get('x'))[0] === 'active' || versions.some((version) => version.name === name)
  )
  const rows = await r.db.selectFrom('registered_models').select(['name', 'description']).execute()
  const tags = await r.db.selectFrom('registered_model_tags').selectAll().execute()
  return [
    ...differing(
      'registered models',
      rows.map(({ name, description }) => `${name} ${JSON.stringify(description)}`),
      there.map(([name, own]) => `${name} ${JSON.stringify(own.get('e')?.value ?? null)}`)
    ),
    ...differing(
      'tags of registered models',
      tags.map(({ name, key, value }) => `${name} ${key} ${value}`),
      there.flatMap(([name, own]) => under(own, 't/').map(([key, value]) => `${name} ${key} ${value}`))
    )
  ]
}

async function versionFaults(r: Reader, versions: readonly Version[]): Promise<string[]> {
  const rows = await r.db.selectFrom('model_versions').selectAll().execute()
  const tags = await r.db.selectFrom('model_version_tags').selectAll().execute()
  const ids = new Map(rows.map((row) => [`${row.version} ${row.name}`, row.runnel_id]))
  const faults = [
    ...differing(
      'versions',
      rows.map((row) => `${row.runnel_id} ${row.name} ${row.current_stage} ${JSON.stringify(row.description)}`),
      versions.map(({ id, own, name, isDeleted }) =>
        isDeleted
          ? `${id} ${name} Deleted_Internal null`
          : `${id} ${name} ${text(own.get('b'))} ${JSON.stringify(own.get('e')?.value ?? null)}`
      )
    ),
    ...differing(
      'tags of versions',
      tags.map(({ name, version, key, value }) => `${ids.get(`${version} ${name}`)} ${key} ${value}`),
      versions.flatMap(({ id, own }) => under(own, 't/').map(([key, value]) => `${id} ${key} ${value}`))
    )
  ]
  const byId = new Map(rows.map((row) => [row.runnel_id, row]))
  for (const { id, own, isDeleted } of versions) {
    const [source = ''] = isDeleted ? ['REDACTED-SOURCE-PATH'] : (list(own.get('f')) as string[])
    const found = byId.get(id)?.source ?? ''
    // Among the files of a run it is called so, or as this store calls it.
    const [, run = ''] = /^runs:\/([^/]+)\/model$/.exec(source) ?? []
    if (found !== source && !(run !== '' && found.endsWith(`/${run}/artifacts/model`)))
      faults.push(`v${id} is said to be from ${source}, and its row says ${found}`)
  }
  for (const [name, group] of Map.groupBy(rows, (row) => row.name)) {
    const numbers = group.map(({ version }) => version)
    if (new Set(numbers).size < numbers.length || numbers.some((number) => number < 1))
      faults.push(`numbers of ${name}: ${numbers.join(' ')}`)
  }
  return [...faults, ...numberFaults(rows, versions)]
}

/** A number is whose it was given first; of one that nobody was given, whose who took it first, then the lesser id. */
function numberFaults(
  rows: readonly { readonly runnel_id: string; readonly version: number }[],
  versions: readonly Version[]
): string[] {
  const shown = new Map(rows.map(({ runnel_id, version }) => [runnel_id, version]))
  const wants = versions.map(({ id, own, name }) => {
    const said = own.get(`w/${name}`) ?? own.get(`v/${name}`)
    return { id, name, isGiven: own.has(`w/${name}`), number: said?.value as number, at: said?.hlc ?? 0 }
  })
  const isBefore = (a: (typeof wants)[number], b: (typeof wants)[number]): boolean =>
    a.isGiven !== b.isGiven ? a.isGiven : a.at !== b.at ? a.at < b.at : a.id < b.id
  return wants.flatMap((one) => {
    const { id, name, number } = one
    const isBeaten = wants.some((other) => other.name === name && other.number === number && isBefore(other, one))
    return isBeaten || shown.get(id) === number ? [] : [`v${id} is to be ${number} of ${name}, and is ${shown.get(id)}`]
  })
}

/** An alias stands for the version that was said last, while that is there, in its model and not deleted; else for none. */
async function aliasFaults(
  r: Reader,
  models: ReadonlyMap<string, Winners>,
  versions: readonly Version[]
): Promise<string[]> {
  const rows = await r.db.selectFrom('registered_model_aliases').selectAll().execute()
  const numbers = await r.db.selectFrom('model_versions').select(['runnel_id', 'name', 'version']).execute()
  const idOf = (name: string, version: number) =>
    numbers.find((row) => row.name === name && row.version === version)?.runnel_id ?? 'no version'
  const visible = new Set(versions.filter(({ isDeleted }) => !isDeleted).map(({ id, name }) => `${id} ${name}`))
  return differing(
    'aliases',
    rows.map(({ name, alias, version }) => `${name} ${alias} ${idOf(name, version)}`),
    [...models].flatMap(([name, own]) =>
      under(own, 'l/').flatMap(([alias, id]) => (visible.has(`${id} ${name}`) ? [`${name} ${alias} ${id}`] : []))
    )
  )
}

/** Numbers a host has given, by version and model. */
export type Given = Map<string, number>

/** What of the numbers that were given is another number now; what is new is noted. */
export async function changedNumbers(r: Reader, given: Given): Promise<string[]> {
  const rows = await r.db
    .selectFrom('model_versions')
    .select(['runnel_id', 'name', 'version', 'runnel_assigned'])
    .where('runnel_assigned', 'is not', null)
    .execute()
  const claims = Map.groupBy(rows, ({ name, runnel_assigned }) => `${name} ${runnel_assigned}`)
  return rows.flatMap(({ runnel_id, name, version, runnel_assigned }) => {
    // Two models became one, in which both have versions of that number.
    if (claims.get(`${name} ${runnel_assigned}`)!.length > 1) return []
    const place = `${runnel_id} ${name}`
    const before = given.get(place)
    given.set(place, version)
    return before === undefined || before === version ? [] : [`${place} was ${before}, and is ${version}`]
  })
}
