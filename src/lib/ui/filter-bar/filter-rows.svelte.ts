import type { FilterBar } from './filter-bar.svelte.ts'
import { NEW_ROW, shapeOf, textOf, withKey, type FilterRow, type FilterShape } from './filter-rows.ts'

/** Where somebody is typing. */
export interface Place {
  readonly at: number
  readonly part: 'key' | 'value'
}

/**
 * The filter as rows that can be edited. The text is the truth: what is whole in the rows is written into it, and what is not stays here
 * until it is, or until the text says something else.
 */
export class FilterRows {
  readonly #bar: FilterBar
  #drafts = $state.raw<readonly FilterRow[]>([])
  place = $state.raw<Place | null>(null)

  constructor(bar: FilterBar) {
    this.#bar = bar
  }

  readonly shape = $derived.by((): FilterShape => shapeOf(this.#bar.text))
  readonly #said = $derived.by((): readonly FilterRow[] => (this.shape.kind === 'rows' ? this.shape.rows : []))
  readonly rows = $derived.by((): readonly FilterRow[] =>
    textOf(this.#drafts) === textOf(this.#said) ? this.#drafts : this.#said
  )

  add(): void {
    this.#drafts = [...this.rows, NEW_ROW]
  }

  setKey(at: number, key: string): void {
    this.#put(this.rows.with(at, withKey(this.rows[at]!, key)))
  }

  change(at: number, change: Partial<Omit<FilterRow, 'key'>>): void {
    this.#put(this.rows.with(at, { ...this.rows[at]!, ...change }))
  }

  remove(at: number): void {
    this.#put(this.rows.toSpliced(at, 1))
  }

  #put(rows: readonly FilterRow[]): void {
    const before = textOf(this.#said)
    this.#drafts = rows
    const text = textOf(rows)
    if (text !== before) this.#bar.write(text)
  }
}
