import type { WireError } from '#lib/domain/errors.ts'

/** Fail a Comlink call with the error as data: of an Error, Comlink carries the message and the stack, and drops the code. */
export function throwWire(error: WireError): never {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- caught by nobody on this side: Comlink sends it across as it is
  throw error
}
