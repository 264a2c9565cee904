import { RunnelError, errorToWire, type WireError } from '#lib/domain/errors.ts'
import type { Refusal } from './protocol.ts'

/** Operations the rules turned down, gathered as ranges in any order. */
export class Refusals {
  readonly #list: Refusal[] = []

  add(op: number, error: RunnelError): void {
    const last = this.#list[this.#list.length - 1]
    if (
      last !== undefined &&
      last.from + last.n === op &&
      last.error.code === error.code &&
      last.error.message === error.message
    )
      this.#list[this.#list.length - 1] = { ...last, n: last.n + 1 }
    else this.#list.push({ from: op, n: 1, error: errorToWire(error) satisfies WireError })
  }

  get list(): readonly Refusal[] {
    return this.#list
  }
}

/**
 * Is this an answer to the operation (it breaks a rule, and would break it again), or a failure of the store, to be tried again?
 */
export function isRefusal(error: unknown): error is RunnelError {
  if (!(error instanceof RunnelError)) return false
  return (
    error.code !== 'RESOURCE_EXHAUSTED' && error.code !== 'TEMPORARILY_UNAVAILABLE' && error.code !== 'INTERNAL_ERROR'
  )
}
