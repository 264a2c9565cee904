import { RunnelError } from '#lib/domain/errors.ts'

/** What a file system throws, as a failure that says what to do next and names no path. What is not its doing is returned as it is. */
export const fileFailure = (cause: unknown): Error => {
  if (cause instanceof RunnelError) return cause
  const code = codeOf(cause)
  if (code === '') return cause instanceof Error ? cause : new Error(String(cause))
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new RunnelError(
      'RESOURCE_EXHAUSTED',
      'The disk of this host is full, so this was not kept; what was acknowledged before is safe. Free disk space, then try again.',
      { cause }
    )
  return new RunnelError(
    'TEMPORARILY_UNAVAILABLE',
    `The disk of this host failed (${code}), so this could not be done; what was acknowledged before is safe. Try again.`,
    { cause }
  )
}

export const isAbsent = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'

/** The system's name for what went wrong (`ENOENT`), `''` for anything else. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : ''
