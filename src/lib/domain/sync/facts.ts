/**
 * Facts: what one writer has said of one subject, as stores keep and rooms carry it. docs/sync-protocol.md is the grammar of the bytes.
 *
 *   subject   what a fact is of: an experiment, a run, a logged model, a registered model, a version
 *   writer    one store; it numbers what it says of each subject from 1, without a gap
 *   cell      a value that has one winner: a param, a tag, a status, a file; which one wins stands in cells.ts
 *   series    points of a metric, which are only ever added
 *
 * A stretch of facts (a frame) says `from` to `to`. One that begins at 1 (a record) says all of it, what was said over again left out: of
 * each cell the writer's newest value, of points those that are not in sealed chunks, and where the sealed ones are.
 */
import type { BlobId } from '../ids.ts'
import type { Json } from '../json.ts'
import type { Hlc } from './clock.ts'

declare const brand: unique symbol
/** A store that writes facts: 64 random bits as 11 characters of base64url. A store that was restored from a backup takes a new one. */
export type Writer = string & { readonly [brand]: 'Writer' }
export type Subject = string & { readonly [brand]: 'Subject' }

export interface Cell {
  /** What it is called within its subject, its kind in front: `p/lr`, `t/team`. */
  readonly field: string
  /** null says that it was taken away. */
  readonly value: Json
  readonly hlc: Hlc
}

/** Where sealed points lie: a part of a blob, which may hold other writers' points too. The lows and highs are included. */
export interface SealedPart {
  readonly blobId: BlobId
  readonly offset: number
  readonly length: number
  readonly envelopeLength: number
  readonly count: number
  readonly stepLow: number
  readonly stepHigh: number
  readonly timestampLow: number
  readonly timestampHigh: number
}

export interface SeriesFacts {
  readonly key: string
  /** The writer's last fact that had points of it. */
  readonly to: number
  /** A packed chunk (domain/chunk); null when all points are sealed. */
  readonly points: Uint8Array | null
  /** null when none are sealed. */
  readonly sealed: SealedSeries | null
}

/** The sealed points of a series as the writer's store has them, with what is known of all its points without reading them. */
export interface SealedSeries {
  readonly parts: readonly SealedPart[]
  /** MLflow's latest point, as a packed chunk of one. */
  readonly latest: Uint8Array
  /** Without NaN; null while every value is NaN. */
  readonly min: number | null
  readonly max: number | null
}

export interface Facts {
  readonly from: number
  readonly to: number
  /** In the order of their fields, each once. */
  readonly cells: readonly Cell[]
  /** In the order of their keys, each once. */
  readonly series: readonly SeriesFacts[]
}

/** What can be known of encoded facts without decoding them. */
export interface FactsHeader {
  readonly from: number
  readonly to: number
  /** The greatest time of any cell; 0 when there is none. */
  readonly hlc: Hlc
  /** Names the list of fields and keys that is kept elsewhere; null when it is inside. */
  readonly keysHash: string | null
}
