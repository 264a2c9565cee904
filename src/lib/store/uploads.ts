/**
 * Uploads in parts. Each part is a blob like any other; while its upload lives, the row here keeps it from the sweep.
 *
 *   create ─► parts, in any order, each again if need be ─► complete: one blob, the artifact's, or abort
 */
import { absent, invalid } from '#lib/domain/errors.ts'
import { randomHex, type BlobId } from '#lib/domain/ids.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import type { Reader, Tx } from './database.ts'

export interface UploadPart {
  readonly partNumber: number
  readonly blobId: BlobId
  readonly size: number
}

export interface Upload {
  readonly uploadId: string
  /** The artifact it will be, below this store's artifact root. */
  readonly path: string
  /** In order of their numbers. */
  readonly parts: readonly UploadPart[]
}

/** Whoever knows it may add parts: 256 random bits. */
const UPLOAD_ID_BYTES = 32

export async function createUpload(tx: Tx, path: string): Promise<string> {
  const uploadId = randomHex(UPLOAD_ID_BYTES)
  await tx.db.insertInto('runnel_uploads').values({ upload_id: uploadId, path, created_time: tx.now }).execute()
  return uploadId
}

/** Fails with RESOURCE_DOES_NOT_EXIST when there is none, completed, aborted and given up ones among them. */
export async function getUpload(r: Reader, uploadId: string): Promise<Upload> {
  const { path } = await requireUpload(r, uploadId)
  const rows = await r.db
    .selectFrom('runnel_upload_parts')
    .selectAll()
    .where('upload_id', '=', uploadId)
    .orderBy('part_number')
    .execute()
  const parts = rows.map((row) => ({
    partNumber: row.part_number,
    blobId: row.blob_id as BlobId,
    size: row.size_bytes
  }))
  return { uploadId, path, parts }
}

/** A part sent again takes the place of the one before. Fails when the upload is gone or the number is out of range. */
export async function putUploadPart(tx: Tx, uploadId: string, part: UploadPart): Promise<void> {
  validatePartNumber(part.partNumber)
  await requireUpload(tx, uploadId)
  const row = { blob_id: part.blobId, size_bytes: part.size }
  await tx.db
    .insertInto('runnel_upload_parts')
    .values({ upload_id: uploadId, part_number: part.partNumber, ...row })
    .onConflict((conflict) => conflict.columns(['upload_id', 'part_number']).doUpdateSet(row))
    .execute()
}

export function validatePartNumber(partNumber: number): void {
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > LIMITS.uploadParts)
    throw invalid(`A part's number is from 1 to ${LIMITS.uploadParts}.`)
}

/** Its parts go with the next sweep. None of that id is fine. */
export async function forgetUpload(tx: Tx, uploadId: string): Promise<void> {
  await tx.db.deleteFrom('runnel_upload_parts').where('upload_id', '=', uploadId).execute()
  await tx.db.deleteFrom('runnel_uploads').where('upload_id', '=', uploadId).execute()
}

/** An upload of that path that is gone is fine; the id of another path's ends nothing. */
export async function abortUpload(tx: Tx, uploadId: string, path: string): Promise<void> {
  const upload = await tx.db
    .selectFrom('runnel_uploads')
    .select('upload_id')
    .where('upload_id', '=', uploadId)
    .where('path', '=', path)
    .executeTakeFirst()
  if (!upload) return
  tx.makeRoom()
  await forgetUpload(tx, upload.upload_id)
}

/** Nobody says that they will not go on, so an old upload is one that was left. */
export async function giveUpOldUploads(tx: Tx): Promise<void> {
  tx.makeRoom()
  const old = await tx.db
    .selectFrom('runnel_uploads')
    .select('upload_id')
    .where('created_time', '<', tx.now - LIMITS.uploadKeptMs)
    .execute()
  for (const { upload_id } of old) await forgetUpload(tx, upload_id)
}

export async function uploadedBlobs(r: Reader): Promise<Set<BlobId>> {
  const rows = await r.db.selectFrom('runnel_upload_parts').select('blob_id').distinct().execute()
  return new Set(rows.map((row) => row.blob_id as BlobId))
}

/** Its row alone: cheaper than `getUpload` where the parts do not matter. Fails with RESOURCE_DOES_NOT_EXIST. */
export async function requireUpload(r: Reader, uploadId: string): Promise<{ readonly path: string }> {
  const row = await r.db
    .selectFrom('runnel_uploads')
    .select('path')
    .where('upload_id', '=', uploadId)
    .executeTakeFirst()
  if (!row) throw absent('No such upload: it was completed, aborted or given up.')
  return row
}
