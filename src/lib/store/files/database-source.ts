/**
 * Another store's database as something to merge: a copy of it in memory, brought to this version, in which facts are made of what nobody
 * has said yet.
 *
 * A database that never shared anything has no name to say it under, so one follows from what does not change in it. Opened again later, what
 * is different is compared with what was said under that name here, and only that is said.
 */
import { RunnelError, invalid } from '#lib/domain/errors.ts'
import { DEFAULT_EXPERIMENT_ID } from '#lib/domain/ids.ts'
import { isSameJson } from '#lib/domain/json.ts'
import { FILES } from '#lib/domain/limits.ts'
import { FIELDS, keepsFirst } from '#lib/domain/sync/cells.ts'
import type { Hlc } from '#lib/domain/sync/clock.ts'
import type { Cell, Facts, Subject, Writer } from '#lib/domain/sync/facts.ts'
import { experimentSubject, parseSubject, REGISTRY, type SharedId } from '#lib/domain/sync/subject.ts'
import { damaged } from '#lib/domain/zip/zip-reader.ts'
import type { SqlEngine, SqlRow } from '../engine.ts'
import { experimentSummaries } from '../experiments.ts'
import type { Journal } from '../journal.ts'
import { SCHEMA_VERSION } from '../migrations.ts'
import { findHead } from '../series-heads.ts'
import { Store } from '../store.ts'
import { factsOf, subjectsOfRoom } from '../sync/fact-rows.ts'
import type { Incoming } from '../sync/merge.ts'
import { recordsOf } from '../sync/publication.ts'
import { findWriter, writeAs } from '../sync/replica.ts'
import { trackRegistry } from '../sync/registry-sharing.ts'
import { listRooms } from '../sync/rooms.ts'
import { shareExperiment } from '../sync/sharing.ts'
import { defaultNumberOf, writerOfDatabase } from './default-number.ts'
import { hasRegistry } from './filed-registry.ts'
import type { MergeSource } from './merge-source.ts'

/** A whole database in memory, opened. */
export type OpenDatabase = (image: Uint8Array<ArrayBuffer>) => SqlEngine

const MAGIC = 'SQLite format 3\0'

/** Whether a file is a database of SQLite. */
export async function isDatabase(file: Blob): Promise<boolean> {
  return new TextDecoder('latin1').decode(await file.slice(0, MAGIC.length).arrayBuffer()) === MAGIC
}

/**
 * Open the database of another Runnel's store, `runnel.db`. Call `close` when it was merged.
 *
 * store  what it will be merged into: points that are sealed on the way come to its blobs
 * fails  INVALID_PARAMETER_VALUE when it is none of Runnel's, NOT_IMPLEMENTED for one of MLflow's own and for a newer Runnel's, DATA_LOSS when
 *        it is damaged
 */
export async function openDatabaseSource(
  store: Store,
  file: Blob,
  open: OpenDatabase
): Promise<MergeSource & { close(): void }> {
  if (file.size > FILES.storeBytes)
    throw invalid(
      `This database is larger than ${FILES.storeBytes / 1024 ** 2} MB, the most that is opened in memory. Export its experiments from its own host, and open that file.`
    )
  const engine = openImage(new Uint8Array(await file.arrayBuffer()), open)
  try {
    checkKind(engine)
    const copy = await Store.open({
      engine,
      journal: NO_JOURNAL,
      blobs: store.blobsHere,
      clock: () => store.replica.clock.nowMs()
    })
    return { ...(await sourceOf(store, copy)), close: () => engine.close() }
  } catch (error) {
    engine.close()
    throw error instanceof RunnelError ? error : damaged(messageOf(error))
  }
}

function openImage(image: Uint8Array<ArrayBuffer>, open: OpenDatabase): SqlEngine {
  // It may say that a log lies beside it. There is none here: a host that was stopped leaves none.
  if (image.length > 20) image.fill(1, 18, 20)
  try {
    return open(image)
  } catch (error) {
    throw damaged(messageOf(error))
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function checkKind(engine: SqlEngine): void {
  const tables = new Set(ask(engine, `select name from sqlite_master where type = 'table'`).map(({ name }) => name))
  if (!tables.has('runnel_schema')) {
    if (tables.has('alembic_version') && tables.has('experiments'))
      throw new RunnelError(
        'NOT_IMPLEMENTED',
        'This is a database of MLflow itself, which cannot be opened here yet. A database of a Runnel host (runnel.db), and files that Runnel exported, can.'
      )
    throw invalid('This is a database, but none of Runnel.')
  }
  const version = Number(ask(engine, 'select version from runnel_schema')[0]?.['version'] ?? 0)
  if (version > SCHEMA_VERSION)
    throw new RunnelError(
      'NOT_IMPLEMENTED',
      `This database was written by a newer Runnel (schema ${version}, this one knows ${SCHEMA_VERSION}). Reload this page, or update Runnel, and open it again.`
    )
  const check = ask(engine, 'pragma quick_check(1)')[0]?.['quick_check']
  if (check !== 'ok') throw damaged(String(check))
}

function ask(engine: SqlEngine, sql: string): SqlRow[] {
  try {
    return engine.all(sql, [])
  } catch (error) {
    throw damaged(messageOf(error))
  }
}

/** What is done to a copy lasts as long as the copy. */
const NO_JOURNAL: Journal = {
  append: () => Promise.resolve(),
  recover: () => Promise.reject(new Error('A copy in memory is not read back.'))
}

// ── what it says ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function sourceOf(store: Store, copy: Store): Promise<MergeSource> {
  const writer = await writerOfDatabase(copy)
  await copy.write((tx) => writeAs(tx, writer))
  for (const { experimentId, runCount } of await copy.read((r) => experimentSummaries(r, 'ACTIVE_ONLY'))) {
    if (experimentId !== DEFAULT_EXPERIMENT_ID) await shareExperiment(copy, experimentId, '')
    else if (runCount > 0) await shareExperiment(copy, experimentId, '', await defaultNumberOf(copy))
  }
  const withRegistry = await copy.read(hasRegistry)
  if (withRegistry) await trackRegistry(copy)
  const rooms = await copy.read(listRooms)
  const names = new Map(
    (await copy.read((r) => experimentSummaries(r, 'ALL'))).map(({ experimentId, name }) => [experimentId, name])
  )
  return {
    experiments: rooms.map(({ sharedId, experimentId }) => ({ id: sharedId, name: names.get(experimentId) ?? '' })),
    records: (id) => recordsIn(store, copy, writer, id),
    registry: withRegistry ? () => recordsIn(store, copy, writer, REGISTRY) : null,
    blob: () => null
  }
}

async function* recordsIn(
  store: Store,
  copy: Store,
  writer: Writer,
  id: SharedId
): AsyncGenerator<readonly Incoming[]> {
  const subjects = await copy.read((r) => subjectsOfRoom(r, id))
  // The experiment itself before what stands in it.
  if (id !== REGISTRY)
    subjects.sort((a, b) => Number(b === experimentSubject(id)) - Number(a === experimentSubject(id)))
  for (let from = 0; from < subjects.length; from += FILES.batchSubjects) {
    const part = subjects.slice(from, from + FILES.batchSubjects)
    const fresh: Incoming[] = []
    for (const record of await recordsOf(copy, part)) {
      const facts = record.writer === writer ? await saidSince(store, copy, record) : record.facts
      if (facts !== null) fresh.push({ ...record, facts })
    }
    yield fresh
  }
}

/** What the database says now, as what comes after what it said when it was opened before; null when that is the same. */
async function saidSince(store: Store, copy: Store, { subject, writer, facts }: Incoming): Promise<Facts | null> {
  const known = await store.read(async (r) =>
    (await factsOf(r, await findWriter(r), [subject])).get(subject)?.all.find((one) => one.writer === writer)
  )
  if (known === undefined) return facts
  const cells = cellsSince(known.facts.cells, facts.cells, store.replica.clock.next())
  const isSame =
    cells.every((cell) => known.facts.cells.includes(cell)) && (await hasPoints(store, copy, subject, facts))
  if (isSame) return null
  const to = known.facts.to + 1
  return { from: 1, to, cells, series: facts.series.map((one) => ({ ...one, to })) }
}

/** A cell that says what it said stays as it was; others are said now. */
function cellsSince(known: readonly Cell[], fresh: readonly Cell[], hlc: Hlc): Cell[] {
  const before = new Map(known.map((cell) => [cell.field, cell]))
  const now = new Set(fresh.map(({ field }) => field))
  const cells = fresh.map((cell) => {
    const said = before.get(cell.field)
    if (said === undefined) return { ...cell, hlc }
    return keepsFirst(cell.field) || isSameJson(said.value, cell.value) ? said : { ...cell, hlc }
  })
  for (const said of known) {
    if (now.has(said.field)) continue
    const isTaken = said.value !== null && !keepsFirst(said.field) && said.field !== FIELDS.home
    cells.push(isTaken ? { ...said, value: null, hlc } : said)
  }
  return cells.sort((a, b) => (a.field < b.field ? -1 : 1))
}

/** Whether the store has each series of a run just as the database has it. */
async function hasPoints(store: Store, copy: Store, subject: Subject, { series }: Facts): Promise<boolean> {
  const of = parseSubject(subject)
  if (of?.kind !== 'run') return true
  for (const { key } of series) {
    const [there, here] = await Promise.all([copy, store].map((one) => one.read((r) => findHead(r, of.id, key))))
    if (there === null || there === undefined || here === null || here === undefined) return false
    if (there.count !== here.count || !isSameJson({ ...there.latest } as never, { ...here.latest } as never))
      return false
  }
  return true
}
