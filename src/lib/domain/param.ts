/** A key and a text that is set once per run. */
export interface Param {
  readonly key: string
  readonly value: string
}
