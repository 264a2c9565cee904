import { errorToWire } from '#lib/domain/errors.ts'

/** Fail a Comlink call with the error as data: of an Error, Comlink carries the message and drops the code. */
export function throwWire(error: unknown): never {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- caught by nobody on this side: Comlink sends it across as it is
  throw errorToWire(error)
}
