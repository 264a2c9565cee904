import { invalid } from './errors.ts'
import type { RunId } from './ids.ts'
import { LIMITS } from './limits.ts'
import type { EpochMs } from './time.ts'

/** A point of a chart. */
export interface CommentPoint {
  readonly key: string
  readonly step: number
}

/** What somebody said of a run, or of a point of one of its charts. Who is the word of whoever wrote it. */
export interface RunComment {
  readonly id: string
  readonly author: string
  readonly createdTime: EpochMs
  /** Null while it is as it was written. */
  readonly editedTime: EpochMs | null
  readonly text: string
  readonly point: CommentPoint | null
}

/** A comment on a point of a run's chart. */
export interface PointComment extends RunComment {
  readonly runId: RunId
  readonly point: CommentPoint
}

/** Fails with INVALID_PARAMETER_VALUE. */
export function validateComment(text: string): void {
  if (text.trim() === '') throw invalid('A comment must say something.')
  if (text.length > LIMITS.commentLength)
    throw invalid(`A comment has at most ${LIMITS.commentLength} characters; this one has ${text.length}.`)
}
