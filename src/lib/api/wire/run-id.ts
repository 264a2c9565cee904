import { absent } from '#lib/domain/errors.ts'
import { isRunId, type RunId } from '#lib/domain/ids.ts'
import type { Fields } from './fields.ts'

/**
 * The run a request is about. What cannot be a run id names no run, so it is a 404 like any unknown one;
 * log-batch and log-inputs, which check its form first, use `parseRunId`.
 */
export function runIdOf(fields: Fields): RunId {
  const text = fields.requiredRunId()
  if (!isRunId(text)) throw absent(`Run with id=${text} not found`)
  return text
}
