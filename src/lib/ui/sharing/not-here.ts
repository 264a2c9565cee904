import type { ErrorCode } from '#lib/domain/errors.ts'

/**
 * Whether something is missing only for now: bytes of a shared experiment that are with its host, which cannot be reached. In a host's own
 * space nothing is elsewhere; there it means that the host does not answer.
 */
export const isNotHereYet = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  (error as { readonly code?: ErrorCode }).code === 'TEMPORARILY_UNAVAILABLE'
