/**
 * The closed list of failures Runnel can report. The words are MLflow's error codes, so that they travel over REST as they are;
 * which HTTP status each one gets is the api door's business.
 */
export const ERROR_CODES = [
  'BAD_REQUEST',
  'INVALID_PARAMETER_VALUE',
  'RESOURCE_ALREADY_EXISTS',
  'RESOURCE_DOES_NOT_EXIST',
  'RESOURCE_EXHAUSTED',
  'INVALID_STATE',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'REQUEST_LIMIT_EXCEEDED',
  'NOT_IMPLEMENTED',
  'ENDPOINT_NOT_FOUND',
  'TEMPORARILY_UNAVAILABLE',
  /** What is kept is not what was written. */
  'DATA_LOSS',
  'INTERNAL_ERROR'
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** An expected failure: a code from the closed list and a sentence for the person who has to act on it. */
export class RunnelError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RunnelError'
    this.code = code
  }
}

/** A failure as plain data, for crossing a port or a socket. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && (ERROR_CODES as readonly string[]).includes(value)
}

/** Anything thrown, as data. What is not a RunnelError is ours to mend, and says so without leaking a stack. */
export function errorToWire(error: unknown): WireError {
  if (error instanceof RunnelError) return { code: error.code, message: error.message }
  return { code: 'INTERNAL_ERROR', message: error instanceof Error ? error.message : String(error) }
}

export const invalid = (message: string): RunnelError => new RunnelError('INVALID_PARAMETER_VALUE', message)
export const absent = (message: string): RunnelError => new RunnelError('RESOURCE_DOES_NOT_EXIST', message)

/** For states that cannot be: a bug of ours, never a user's mistake. */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${sentence}`)
}

export function unreachable(value: never): never {
  throw new Error(`Unreachable: ${JSON.stringify(value)}`)
}
