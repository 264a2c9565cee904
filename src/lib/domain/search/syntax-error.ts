import { RunnelError } from '../errors.ts'

/** Where a filter or order went wrong, as data: for underlining the place and saying what would stand there. */
export interface SyntaxDetail {
  /** UTF-16 units from the start of the text; the text's length when something is missing at its end. */
  readonly position: number
  readonly length: number
  /** What could stand there: signs as they are typed (`=`, `AND`) or nouns (`a key`, `a number`). */
  readonly expected: readonly string[]
  /** One sentence for the person who typed it. */
  readonly hint: string
}

/** A filter or order_by that cannot be read. `message` is MLflow's text where MLflow has one, the hint otherwise. */
export class SearchSyntaxError extends RunnelError {
  readonly detail: SyntaxDetail

  constructor(message: string, detail: SyntaxDetail) {
    super('INVALID_PARAMETER_VALUE', message)
    this.name = 'SearchSyntaxError'
    this.detail = detail
  }

  get position(): number {
    return this.detail.position
  }

  get length(): number {
    return this.detail.length
  }

  get expected(): readonly string[] {
    return this.detail.expected
  }

  get hint(): string {
    return this.detail.hint
  }
}
