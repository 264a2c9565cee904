import type { BlobId } from '../ids.ts'
import { PREFIXES } from './cells.ts'
import type { Facts } from './facts.ts'

const BLOB = /^[0-9a-f]{64}$/

/** Blobs that facts name: of files, and of sealed points. One may come several times. */
export function filesOfFacts({ cells }: Facts): BlobId[] {
  return cells.flatMap(({ field, value }) =>
    field.startsWith(PREFIXES.file) && Array.isArray(value) && typeof value[0] === 'string' && BLOB.test(value[0])
      ? [value[0] as BlobId]
      : []
  )
}

export function sealedOfFacts({ series }: Facts): BlobId[] {
  return series.flatMap(({ sealed }) => sealed?.parts.map(({ blobId }) => blobId) ?? [])
}

export const blobsOfFacts = (facts: Facts): BlobId[] => [...filesOfFacts(facts), ...sealedOfFacts(facts)]
