/** The points of series, in chunks of columns: inline in SQL while they are few or new, sealed in the blob store after (`sealer.ts`). */
import { sql, type CompiledQuery, type Insertable, type Kysely, type Selectable } from 'kysely'
import { unpackSeries, packSeries } from '#lib/domain/chunk/chunk.ts'
import type { BlobId, RunId } from '#lib/domain/ids.ts'
import type { Series } from '#lib/domain/series.ts'
import type { ChunkLoader, SealedAt } from './chunk-loader.ts'
import type { Reader, Tx } from './database.ts'
import type { ChunksTable, Schema } from './schema.ts'

/** What lies between: least and greatest, both included. */
export interface Span {
  readonly stepLow: number
  readonly stepHigh: number
  readonly timestampLow: number
  readonly timestampHigh: number
}

/** A chunk of a series as its row says. Its points are in order, each once, and no other chunk of the series has one of them. */
export interface StoredChunk extends Span {
  /** Tells it from the others of its series. */
  readonly chunk: number
  readonly count: number
  readonly place: { readonly inline: Uint8Array } | { readonly sealed: SealedAt }
}

/** `series` in order, at least one point. */
export function spanOf({ steps, timestamps }: Series): Span {
  let stepLow = Infinity
  let stepHigh = -Infinity
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!
    if (step < stepLow) stepLow = step
    if (step > stepHigh) stepHigh = step
  }
  return { stepLow, stepHigh, timestampLow: timestamps[0]!, timestampHigh: timestamps.at(-1)! }
}

/** The points of a chunk. Fails as ChunkLoader does. */
export async function chunkPoints(loader: ChunkLoader, { place }: StoredChunk): Promise<Series> {
  return 'inline' in place ? unpackSeries(place.inline) : loader.points(place.sealed)
}

// ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Keep points, in order and new to the series, in an inline chunk. `chunk`: a number that none of the series has. */
export async function insertInline(tx: Tx, series: number, chunk: number, points: Series): Promise<void> {
  const { timestampHigh, timestampLow, stepLow, stepHigh } = spanOf(points)
  const row: Insertable<ChunksTable> = {
    series,
    timestamp_high: timestampHigh,
    chunk: chunk,
    timestamp_low: timestampLow,
    step_low: stepLow,
    step_high: stepHigh,
    point_count: points.values.length,
    points: packSeries(points)
  }
  await tx.db.executeQuery({ ...insertQuery(tx.db, row), parameters: Object.values(row) })
}

const insertQueries = new WeakMap<Kysely<Schema>, CompiledQuery>()

/** Compiled once per database. Its parameters are the row's values, in the row's order. */
function insertQuery(db: Kysely<Schema>, row: Insertable<ChunksTable>): CompiledQuery {
  const known = insertQueries.get(db)
  if (known) return known
  const query = db.insertInto('runnel_chunks').values(row).compile()
  insertQueries.set(db, query)
  return query
}

/** The same of a chunk that is in a blob already. */
export async function insertSealed(tx: Tx, series: number, chunk: number, points: Series, at: SealedAt): Promise<void> {
  await insertSealedRow(tx, series, chunk, { ...spanOf(points), count: points.values.length, ...at })
}

/** The same by what is known of the chunk, whose blob may be elsewhere. */
export async function insertSealedRow(tx: Tx, series: number, chunk: number, part: SealedChunk): Promise<void> {
  await tx.db
    .insertInto('runnel_chunks')
    .values({
      series,
      timestamp_high: part.timestampHigh,
      chunk,
      timestamp_low: part.timestampLow,
      step_low: part.stepLow,
      step_high: part.stepHigh,
      point_count: part.count,
      blob_id: part.blobId,
      blob_offset: part.offset,
      blob_length: part.length,
      envelope_length: part.envelopeLength
    })
    .execute()
}

/** Whether a series still has all of some chunks, as they were. What they hold is compared: the number of a chunk that is gone serves again. */
export async function hasChunks(r: Reader, series: number, chunks: readonly StoredChunk[]): Promise<boolean> {
  const there = new Map((await chunksOf(r, series)).map((chunk) => [chunk.chunk, chunk]))
  return chunks.every((chunk) => {
    const now = there.get(chunk.chunk)
    return now !== undefined && isSamePlace(now.place, chunk.place)
  })
}

function isSamePlace(a: StoredChunk['place'], b: StoredChunk['place']): boolean {
  if ('inline' in a) return 'inline' in b && isSameBytes(a.inline, b.inline)
  return 'sealed' in b && a.sealed.blobId === b.sealed.blobId && a.sealed.offset === b.sealed.offset
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export async function deleteChunkRows(tx: Tx, series: number, chunks: readonly StoredChunk[]): Promise<void> {
  const numbers = JSON.stringify(chunks.map(({ chunk }) => chunk))
  await sql`delete from runnel_chunks
    where series = ${series} and chunk in (select value from json_each(${numbers}))`.execute(tx.db)
}

/** Every chunk of a series, by the time it ends at. */
export async function chunksOf(r: Reader, series: number): Promise<StoredChunk[]> {
  const rows = await r.db
    .selectFrom('runnel_chunks')
    .selectAll()
    .where('series', '=', series)
    .orderBy('timestamp_high')
    .orderBy('chunk')
    .execute()
  return rows.map(rowToChunk)
}

/** By run, then by the key of a series. */
export type BySeries<T> = Map<RunId, Map<string, T>>

/** Of all series of some runs, the points that lie inline, packed; each chunk by itself. */
export async function inlineOfRuns(r: Reader, runs: readonly RunId[]): Promise<BySeries<Uint8Array[]>> {
  // Few columns: of ten thousand runs these are hundreds of thousands of rows.
  const { rows } = await sql<Named & { points: Uint8Array }>`
    select m.run_uuid, m.key, c.points from latest_metrics m join runnel_chunks c on c.series = m.runnel_series
    where m.run_uuid in (select value from json_each(${JSON.stringify(runs)})) and c.blob_id is null`.execute(r.db)
  return bySeries(rows, ({ points }) => points)
}

/** Of all series of some runs, the chunks that are sealed, by the time they end at. */
export async function sealedOfRuns(r: Reader, runs: readonly RunId[]): Promise<BySeries<SealedChunk[]>> {
  const { rows } = await sql<Named & Selectable<ChunksTable>>`
    select m.run_uuid, m.key, c.* from latest_metrics m join runnel_chunks c on c.series = m.runnel_series
    where m.run_uuid in (select value from json_each(${JSON.stringify(runs)})) and c.blob_id is not null
    order by c.series, c.timestamp_high, c.chunk`.execute(r.db)
  return bySeries(rows, (row) => ({ ...spanOfRow(row), ...sealedAt(row), count: row.point_count }))
}

/** What is known of a sealed chunk without its blob. */
export type SealedChunk = Span & SealedAt & { readonly count: number }

interface Named {
  readonly run_uuid: string
  readonly key: string
}

function bySeries<Row extends Named, T>(rows: readonly Row[], read: (row: Row) => T): BySeries<T[]> {
  const found: BySeries<T[]> = new Map()
  for (const row of rows) {
    let ofRun = found.get(row.run_uuid as RunId)
    if (ofRun === undefined) found.set(row.run_uuid as RunId, (ofRun = new Map<string, T[]>()))
    const known = ofRun.get(row.key)
    if (known === undefined) ofRun.set(row.key, [read(row)])
    else known.push(read(row))
  }
  return found
}

/** The chunks of a series that could hold a point of a span. */
export async function chunksWithin(r: Reader, series: number, span: Span): Promise<StoredChunk[]> {
  const rows = await r.db
    .selectFrom('runnel_chunks')
    .selectAll()
    .where('series', '=', series)
    .where('timestamp_high', '>=', span.timestampLow)
    .where('timestamp_low', '<=', span.timestampHigh)
    .where('step_high', '>=', span.stepLow)
    .where('step_low', '<=', span.stepHigh)
    .execute()
  return rows.map(rowToChunk)
}

/** The first number no series has yet. */
export async function nextSeries(r: Reader): Promise<number> {
  const { rows } = await sql<{ next: number }>`select coalesce(max(series), 0) + 1 as next from runnel_chunks`.execute(
    r.db
  )
  return rows[0]!.next
}

function rowToChunk(row: Selectable<ChunksTable>): StoredChunk {
  return {
    ...spanOfRow(row),
    chunk: row.chunk,
    count: row.point_count,
    place: row.blob_id === null ? { inline: row.points! } : { sealed: sealedAt(row) }
  }
}

const spanOfRow = (row: Selectable<ChunksTable>): Span => ({
  stepLow: row.step_low,
  stepHigh: row.step_high,
  timestampLow: row.timestamp_low,
  timestampHigh: row.timestamp_high
})

const sealedAt = (row: Selectable<ChunksTable>): SealedAt => ({
  blobId: row.blob_id as BlobId,
  offset: row.blob_offset!,
  length: row.blob_length!,
  envelopeLength: row.envelope_length!
})

/** Blobs that chunks lie in. */
export async function chunkBlobs(r: Reader): Promise<Set<BlobId>> {
  const rows = await r.db
    .selectFrom('runnel_chunks')
    .select('blob_id')
    .distinct()
    .where('blob_id', 'is not', null)
    .execute()
  return new Set(rows.map((row) => row.blob_id as BlobId))
}

/** Delete the points of runs for good. Before their rows of `latest_metrics`, which name the series. */
export async function deleteChunks(tx: Tx, ids: readonly RunId[]): Promise<void> {
  await tx.db
    .deleteFrom('runnel_chunks')
    .where('series', 'in', (eb) => eb.selectFrom('latest_metrics').select('runnel_series').where('run_uuid', 'in', ids))
    .execute()
}
