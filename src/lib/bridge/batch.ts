import { invalid, type RunnelError } from '#lib/domain/errors.ts'
import type { Tx } from '#lib/store/database.ts'
import { advanceSession, sessionMark } from '#lib/store/sessions.ts'
import { writeOp, type StoredFiles } from './ops.ts'
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

/**
 * Apply consecutive messages of a session in order, dropping what the session already has, and move its mark, in one transaction.
 * An operation the rules refuse is consumed; the others are kept. Fails with GapError, or with the store's error (nothing kept).
 */
export async function writePuts(
  tx: Tx,
  session: string,
  puts: readonly ParsedPut[],
  files: StoredFiles
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
      for (let i = skip; i < put.n; i++) await tryOp(tx, put.from + i, put.ops![i]!, files, refusals)
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
  files: StoredFiles,
  refusals: Refusals
): Promise<void> {
  if (op === null)
    return refusals.add(number, invalid('This is no operation of protocol 1, or a field of it has the wrong type.'))
  try {
    await tx.attempt(() => writeOp(tx, op, files))
  } catch (error) {
    // An artifact's bytes were tried before: what became of them is this operation's answer, whatever its code.
    const isAnswer = isRefusal(error) || (op.op === 'artifact' && error === files.get(op))
    if (!isAnswer) throw error
    refusals.add(number, error as RunnelError)
  }
}
