import { RunnelError, invalid } from '#lib/domain/errors.ts'
import type { BlobStore } from '#lib/store/blobs.ts'
import type { Tx } from '#lib/store/database.ts'
import { advanceSession, sessionMark } from '#lib/store/sessions.ts'
import { writeOp, type ArtifactOp, type StoredBlob, type StoredBlobs } from './ops.ts'
import { writePoints, type PointPut } from './points.ts'
import type { Refusal, SessionOp } from './protocol.ts'
import { Refusals, isRefusal } from './refusals.ts'
import type { ParsedPut } from './wire-check.ts'

/** What one write did. */
export interface Written {
  /** The session's mark after it. */
  readonly upTo: number
  readonly refused: readonly Refusal[]
}

/** The store stands before these messages: an earlier write of the session was lost. */
export class GapError extends Error {
  readonly mark: number

  constructor(mark: number, from: number) {
    super(`The session stands at ${mark}, so operation ${from} cannot follow.`)
    this.name = 'GapError'
    this.mark = mark
  }
}

/** Make the bytes of all artifacts durable, before the transaction that points at them. Never rejects: a failure is its artifact's. */
export async function storeBlobs(blobs: BlobStore, puts: readonly ParsedPut[]): Promise<StoredBlobs> {
  const stored = new Map<ArtifactOp, StoredBlob>()
  for (const op of puts.flatMap((put) => put.ops ?? [])) {
    if (op?.op !== 'artifact') continue
    try {
      stored.set(op, await blobs.put(op.blob))
    } catch (error) {
      stored.set(op, asAnswer(error, op))
    }
  }
  return stored
}

/**
 * A file that does not fit is refused and what follows goes on, unlike points, which wait for room: one large file must not hold up a
 * training run's curves.
 */
function asAnswer(error: unknown, op: ArtifactOp): RunnelError {
  if (error instanceof RunnelError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new RunnelError('INTERNAL_ERROR', `The bytes of artifact '${op.path}' could not be stored: ${reason}`, {
    cause: error
  })
}

/**
 * Apply consecutive messages of a session in order, dropping what the session already has, and move its mark, in one transaction.
 * An operation the rules refuse is consumed; the others are kept. Fails with GapError, or with the store's error (nothing kept).
 */
export async function writePuts(
  tx: Tx,
  session: string,
  puts: readonly ParsedPut[],
  blobs: StoredBlobs
): Promise<Written> {
  const mark = await sessionMark(tx, session)
  const refusals = new Refusals()
  let upTo = mark
  let points: PointPut[] = []
  const writeGathered = async (): Promise<void> => {
    if (points.length > 0) await writePoints(tx, points, refusals)
    points = []
  }
  for (const put of puts) {
    if (put.from > upTo + 1) throw new GapError(upTo, put.from)
    const skip = upTo + 1 - put.from
    if (skip >= put.n) continue
    if (put.points !== undefined) points.push({ from: put.from, skip, points: put.points })
    else {
      await writeGathered()
      for (let i = skip; i < put.n; i++) await tryOp(tx, put.from + i, put.ops![i]!, blobs, refusals)
    }
    upTo = put.from + put.n - 1
  }
  await writeGathered()
  if (upTo > mark) await advanceSession(tx, session, upTo, refusals.list)
  return { upTo, refused: refusals.list }
}

async function tryOp(
  tx: Tx,
  number: number,
  op: SessionOp | null,
  blobs: StoredBlobs,
  refusals: Refusals
): Promise<void> {
  if (op === null)
    return refusals.add(number, invalid('This is no operation of protocol 1, or a field of it has the wrong type.'))
  try {
    await tx.attempt(() => writeOp(tx, op, blobs))
  } catch (error) {
    // An artifact's bytes were tried before: what became of them is this operation's answer, whatever its code.
    const isAnswer = isRefusal(error) || (op.op === 'artifact' && error === blobs.get(op))
    if (!isAnswer) throw error
    refusals.add(number, error as RunnelError)
  }
}
