import { errorToWire, type ErrorCode } from '#lib/domain/errors.ts'
import { jsonResponse } from './wire/json.ts'

/**
 * The HTTP status of every error code, as MLflow maps them. One differs: MLflow answers INVALID_STATE with 500, which its own clients
 * retry for minutes; it is the caller's mistake, so it is a 400 here.
 */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  BAD_REQUEST: 400,
  INVALID_PARAMETER_VALUE: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  RESOURCE_DOES_NOT_EXIST: 404,
  ENDPOINT_NOT_FOUND: 404,
  PERMISSION_DENIED: 403,
  UNAUTHENTICATED: 401,
  REQUEST_LIMIT_EXCEEDED: 429,
  /** The disk is full. Clients retry it, and so go on once there is room. */
  RESOURCE_EXHAUSTED: 429,
  INVALID_STATE: 400,
  NOT_IMPLEMENTED: 501,
  TEMPORARILY_UNAVAILABLE: 503,
  DATA_LOSS: 500,
  INTERNAL_ERROR: 500
}

/** What MLflow sorts its codes into beside them, with a SQLSTATE of its own; codes that are not here have neither. */
const ERROR_CLASSES: Readonly<Partial<Record<ErrorCode, readonly [errorClass: string, sqlState: string]>>> = {
  BAD_REQUEST: ['INVALID_PARAMETER_VALUE', 'KAM00'],
  INVALID_PARAMETER_VALUE: ['INVALID_PARAMETER_VALUE', 'KAM00'],
  RESOURCE_ALREADY_EXISTS: ['RESOURCE_ALREADY_EXISTS', 'KAM00'],
  RESOURCE_DOES_NOT_EXIST: ['RESOURCE_NOT_FOUND', 'KAM00'],
  ENDPOINT_NOT_FOUND: ['RESOURCE_NOT_FOUND', 'KAM00'],
  PERMISSION_DENIED: ['PERMISSION_DENIED', 'KAM00'],
  INVALID_STATE: ['CLIENT_INTERNAL_ERROR', 'XXM00'],
  TEMPORARILY_UNAVAILABLE: ['CLIENT_INTERNAL_ERROR', 'XXM00'],
  DATA_LOSS: ['CLIENT_INTERNAL_ERROR', 'XXM00'],
  INTERNAL_ERROR: ['CLIENT_INTERNAL_ERROR', 'XXM00']
}

/** MLflow's error body. `init` overrides the status for what HTTP has a better word for than the code has (405, 413). */
export function errorResponse(error: unknown, init: ResponseInit = {}): Response {
  const { code, message } = errorToWire(error)
  const [errorClass, sqlState] = ERROR_CLASSES[code] ?? []
  const body = { error_code: code, message, sqlstate: sqlState, error_class: errorClass }
  return jsonResponse(body, { status: HTTP_STATUS[code], ...init })
}
