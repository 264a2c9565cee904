/**
 * Sealing: the inline chunks of a series become few, large, compressed ones in the blob store.
 *
 *   read rows ─► merge, encode ─► blob, durable ─► read it back, compare ─► one transaction: old rows out, new rows in
 *
 * Invariants
 * - Every point stands in exactly one row at every instant, whatever fails: rows change in one transaction, and only after the blob that
 *   takes their place has been read back.
 * - A blob nobody refers to yet is young, so it is not swept; one that has grown old on the way is not referred to.
 * - Points that come meanwhile are rows of their own, and are not touched.
 */
import { envelopeBytes, openChunk, sealSeries } from '#lib/domain/chunk/chunk.ts'
import { assert } from '#lib/domain/errors.ts'
import type { BlobId, RunId } from '#lib/domain/ids.ts'
import { CHUNK, SERIES } from '#lib/domain/limits.ts'
import { isSameSeries } from '#lib/domain/series-order.ts'
import { cutSeries, type Series } from '#lib/domain/series.ts'
import { BLOB_GRACE_MS } from './blobs.ts'
import { chunks } from './chunks.ts'
import type { SealedAt } from './chunk-loader.ts'
import type { Reader, Tx } from './database.ts'
import { pointsOfChunks } from './histories.ts'
import { chunksOf, deleteChunkRows, hasChunks, insertInline, insertSealed, type StoredChunk } from './series-chunks.ts'
import { findHead, inlineHeadsOf, runsWithInline, seriesDue, tookOut, type SeriesHead } from './series-heads.ts'
import type { Store } from './store.ts'

/** A series whose chunks are to be replaced by fewer. */
interface Due {
  readonly runId: RunId
  readonly head: SeriesHead
  readonly chunks: readonly StoredChunk[]
}

/** What takes the place of a series' chunks: points in pieces, each inline or already in a blob. */
interface Sealed {
  readonly due: Due
  readonly pieces: readonly { readonly points: Series; readonly at: SealedAt | null }[]
}

/** Which series are due: those with as many inline points, or in as many inline chunks. */
export interface DueBounds {
  readonly points: number
  readonly chunks: number
}

/**
 * Seal some of what is due, most points first: about as much as one round takes (SERIES).
 *
 * returns  how many points were moved; 0 when nothing is due
 * fails    as BlobStore.put and Store.write do; every point is then where it was
 */
export async function sealRound(store: Store, bounds: DueBounds): Promise<number> {
  let moved = 0
  for (const [, ofRun] of Map.groupBy(await dueNow(store, bounds), ({ runId }) => runId))
    moved += await sealRun(store, ofRun)
  return moved
}

/** Seal what is worth it of some runs, due or not, until nothing is. Fails as `sealRound` does. */
export async function sealRuns(store: Store, ids: readonly RunId[]): Promise<void> {
  for (const part of chunks(ids)) {
    const found = await store.read((r) => runsWithInline(r, part, SERIES.sealPoints))
    for (const runId of found) while ((await sealRun(store, await dueOfRun(store, runId))) > 0);
  }
}

function dueOfRun(store: Store, runId: RunId): Promise<Due[]> {
  return store.read(async (r) => {
    const due: Due[] = []
    for (const head of await inlineHeadsOf(r, runId, SERIES.sealPoints))
      due.push({ runId, head, chunks: await chunksToMerge(r, head) })
    return due
  })
}

/** Of one run at a time, so that a blob holds no other's points, and goes with its run. */
async function sealRun(store: Store, due: readonly Due[]): Promise<number> {
  if (due.length === 0) return 0
  const since = store.now()
  const merged: { due: Due; points: Series }[] = []
  for (const one of due) merged.push(await pointsOfDue(store, one))
  const sealed = await toBlob(store, merged)
  return store.write(async (tx) => {
    assertYoung(tx, since)
    let moved = 0
    for (const one of sealed) moved += await replace(tx, one)
    return moved
  })
}

/** A sealed chunk that cannot be read is left as it is: it must not keep what comes after it from being sealed. */
async function pointsOfDue({ chunks: loader }: Store, due: Due): Promise<{ due: Due; points: Series }> {
  const inline = due.chunks.filter(isInline)
  try {
    return { due, points: await pointsOfChunks(loader, due.chunks) }
  } catch (error) {
    if (inline.length === due.chunks.length) throw error
    return { due: { ...due, chunks: inline }, points: await pointsOfChunks(loader, inline) }
  }
}

// ── what is due ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

function dueNow(store: Store, bounds: DueBounds): Promise<Due[]> {
  return store.read(async (r) => {
    const found: Due[] = []
    let points = 0
    let chunks = 0
    for (const { runId, head } of await seriesDue(r, bounds, SERIES.roundSeries)) {
      if (points >= SERIES.roundPoints || chunks >= SERIES.roundChunks) break
      points += head.inlinePoints
      chunks += head.inlineChunks
      found.push({ runId, head, chunks: await chunksToMerge(r, head) })
    }
    return found
  })
}

/**
 * The inline chunks, as many as a round takes; with them the last sealed one while it is small beside them, so that chunks grow, and no
 * point moves often.
 */
async function chunksToMerge(r: Reader, head: SeriesHead): Promise<readonly StoredChunk[]> {
  const all = await chunksOf(r, head.series)
  const inline = firstChunks(all.filter(isInline))
  const last = all.findLast((chunk) => !isInline(chunk))
  const grows = last !== undefined && last.count <= CHUNK.points / 2 && last.count <= head.inlinePoints * 4
  return grows ? [last, ...inline] : inline
}

const isInline = ({ place }: StoredChunk): boolean => 'inline' in place

/** The first chunks of a series, until they are as many, or have as many points, as a round takes. */
function firstChunks(chunks: readonly StoredChunk[]): readonly StoredChunk[] {
  let points = 0
  const enough = chunks.findIndex(({ count }) => (points += count) >= SERIES.roundPoints)
  return chunks.slice(0, Math.min(enough === -1 ? chunks.length : enough + 1, SERIES.roundChunks))
}

// ── the blob ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function toBlob(
  store: Store,
  merged: readonly { readonly due: Due; readonly points: Series }[]
): Promise<Sealed[]> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let offset = 0
  const planned: { due: Due; pieces: { points: Series; place: Omit<SealedAt, 'blobId'> | null }[] }[] = []
  for (const { due, points } of merged) {
    const pieces = []
    for (const piece of cutSeries(points, CHUNK.points)) {
      if (piece.values.length < SERIES.sealPoints) {
        pieces.push({ points: piece, place: null })
        continue
      }
      const bytes = await sealSeries(piece)
      parts.push(bytes)
      const place = { offset, length: bytes.byteLength, envelopeLength: envelopeBytes(bytes) }
      pieces.push({ points: piece, place })
      offset += bytes.byteLength
    }
    planned.push({ due, pieces })
  }
  const blobId =
    parts.length > 0
      ? await putAndCompare(
          store,
          parts,
          planned.flatMap(({ pieces }) => pieces)
        )
      : null
  return planned.map(({ due, pieces }) => ({
    due,
    pieces: pieces.map(({ points, place }) => ({ points, at: place && { blobId: blobId!, ...place } }))
  }))
}

/** The blob, once what was put has been read back and is what it should be: from then on it may be all there is. */
async function putAndCompare(
  { blobs }: Store,
  parts: Uint8Array<ArrayBuffer>[],
  pieces: readonly { readonly points: Series; readonly place: Omit<SealedAt, 'blobId'> | null }[]
): Promise<BlobId> {
  const { blobId } = await blobs.put(new Blob(parts))
  const blob = await blobs.get(blobId)
  assert(blob !== null, 'a blob that was put is there')
  for (const { points, place } of pieces) {
    if (place === null) continue
    const bytes = await blob.slice(place.offset, place.offset + place.length).arrayBuffer()
    assert(
      isSameSeries(await openChunk(new Uint8Array(bytes)), points),
      'a sealed chunk holds the points it was made of'
    )
  }
  return blobId
}

// ── the rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Half the grace, so that no sweep that starts now can find the blob old and unreferred. */
function assertYoung(tx: Tx, since: number): void {
  assert(tx.now - since < BLOB_GRACE_MS / 2, 'a blob is referred to while it is young')
}

/** How many points were moved: none when the series is no longer what it was, deleted most likely. */
async function replace(tx: Tx, { due: { runId, head, chunks }, pieces }: Sealed): Promise<number> {
  // The number of a series that is gone serves again, too.
  const now = await findHead(tx, runId, head.key)
  if (now?.series !== head.series || !(await hasChunks(tx, head.series, chunks))) return 0
  await deleteChunkRows(tx, head.series, chunks)
  // Never more pieces than chunks, as no chunk is larger than a piece: their numbers serve again.
  const numbers = chunks.map(({ chunk }) => chunk).sort((a, b) => a - b)
  for (const [index, { points, at }] of pieces.entries()) {
    if (at === null) await insertInline(tx, head.series, numbers[index]!, points)
    else await insertSealed(tx, head.series, numbers[index]!, points, at)
  }
  const inline = chunks.filter(isInline)
  const left = pieces.filter(({ at }) => at === null)
  const points = inline.reduce((sum, { count }) => sum + count, 0)
  await tookOut(tx, runId, head.key, {
    points: points - left.reduce((sum, piece) => sum + piece.points.values.length, 0),
    chunks: inline.length - left.length
  })
  return points
}
