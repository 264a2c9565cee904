import { RunnelError } from '#lib/domain/errors.ts'

/** What a browser's storage throws, as a failure that says what to do next. */
export function storageError(cause: unknown): RunnelError {
  if (cause instanceof RunnelError) return cause
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : ''
  if (name === 'QuotaExceededError')
    return new RunnelError(
      'RESOURCE_EXHAUSTED',
      'This browser has no room left for Runnel, so this was not kept; what was acknowledged before is safe. Empty the trash or free disk space, then log again.',
      { cause }
    )
  return new RunnelError(
    'TEMPORARILY_UNAVAILABLE',
    `This browser's storage failed (${name || 'unknown error'}), so this was not kept; what was acknowledged before is safe. Try again.`,
    { cause }
  )
}
