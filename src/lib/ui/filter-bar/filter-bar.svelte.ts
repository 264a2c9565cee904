import type { SyntaxDetail } from '#lib/domain/search/syntax-error.ts'
import type { ExperimentKeys, FieldValues } from '#lib/live/protocol.ts'
import { filterPieces, filterProblem, type Piece } from './filter-text.ts'
import { asksAt, suggestionsAt, takeSuggestion, type Asks, type Suggestion, type Suggestions } from './suggestions.ts'

export interface FilterInputs {
  /** The filter in force. */
  readonly applied: () => string
  /** What the store knows of what is asked for: see `asks`. */
  readonly keys: () => ExperimentKeys
  readonly values?: () => FieldValues | null
  /** What the store said of the filter in force. */
  readonly refusal: () => SyntaxDetail | null
  /** `step` can be gone back from; `replace` leaves no trace. */
  readonly apply: (filter: string, how: 'step' | 'replace') => void
}

/** A pause this long means: look at what I have typed. */
const PAUSE_MS = 600

/**
 * A filter while it is typed.
 *
 * - What is typed is applied on Enter, or after a pause when it can be read; until then the last good result stays.
 * - A problem is pointed out after a pause or on Enter, never while the next letter is on its way.
 */
export class FilterBar {
  readonly #inputs: FilterInputs
  /** null: nothing is being typed, the filter in force shows. */
  #draft = $state<string | null>(null)
  #paused = $state(true)
  #timer: ReturnType<typeof setTimeout> | undefined
  #appliedHere = false
  caret = $state(0)
  #isOpen = $state(false)
  /** The suggestion the arrow keys went to; null while they went nowhere. */
  #moved = $state<number | null>(null)

  constructor(inputs: FilterInputs) {
    this.#inputs = inputs
    $effect(() => () => clearTimeout(this.#timer))
  }

  readonly text = $derived.by((): string => this.#draft ?? this.#inputs.applied())
  readonly #ownProblem = $derived.by((): SyntaxDetail | null => filterProblem(this.text))
  readonly problem = $derived.by((): SyntaxDetail | null => {
    if (!this.#paused) return null
    return this.#ownProblem ?? (this.text === this.#inputs.applied() ? this.#inputs.refusal() : null)
  })
  readonly pieces = $derived.by((): readonly Piece[] => filterPieces(this.text, this.problem))

  /** What has to be asked of the store to complete what is typed; null for nothing. */
  readonly asks = $derived.by((): Asks | null => (this.#isOpen ? asksAt(this.text, this.caret) : null))
  readonly suggestions = $derived.by((): Suggestions | null => {
    if (!this.#isOpen) return null
    const found = suggestionsAt(this.text, this.caret, this.#inputs.keys(), this.#inputs.values?.() ?? null)
    return found.items.length > 0 ? found : null
  })
  /** The suggestion that Enter takes; -1 for none. */
  readonly chosen = $derived.by((): number => {
    const { items, eager } = this.suggestions ?? { items: [], eager: false }
    return Math.min(this.#moved ?? (eager ? 0 : -1), items.length - 1)
  })

  get isDraft(): boolean {
    return this.#draft !== null && this.#draft.trim() !== this.#inputs.applied()
  }

  typed(text: string, caret: number): void {
    this.caret = caret
    this.write(text)
    this.suggest()
  }

  /** As if typed, by somebody who needs no completing. */
  write(text: string): void {
    this.#draft = text
    this.#paused = false
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#pause(), PAUSE_MS)
  }

  #pause(): void {
    this.#paused = true
    if (this.#draft === null || this.#ownProblem !== null || !this.isDraft) return
    // One pause makes a place to go back to; the words of one thought do not each make one.
    this.#inputs.apply(this.#draft.trim(), this.#appliedHere ? 'replace' : 'step')
    this.#appliedHere = true
  }

  /** Apply what is there, if it can be read. */
  submit(): void {
    clearTimeout(this.#timer)
    this.#paused = true
    this.close()
    if (this.#ownProblem !== null) return
    const filter = this.text.trim()
    if (filter !== this.#inputs.applied()) this.#inputs.apply(filter, 'step')
    this.#draft = null
    this.#appliedHere = false
  }

  /** Leaving the field applies what can be read and keeps what cannot, with its problem shown. */
  left(): void {
    clearTimeout(this.#timer)
    this.close()
    this.#pause()
    if (this.#ownProblem === null) this.#draft = null
    this.#appliedHere = false
  }

  /** Back one step: the list, then what is typed, then the filter itself. False when there is nothing to take back. */
  escape(): boolean {
    if (this.suggestions !== null) {
      this.close()
      return true
    }
    clearTimeout(this.#timer)
    this.#paused = true
    const wasDraft = this.isDraft
    this.#draft = null
    if (wasDraft) return true
    if (this.#inputs.applied() === '') return false
    this.#inputs.apply('', 'step')
    return true
  }

  set(filter: string): void {
    clearTimeout(this.#timer)
    this.#draft = null
    this.#paused = true
    this.close()
    this.#inputs.apply(filter, 'step')
  }

  // ── completing ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  suggest(): void {
    this.#isOpen = true
    this.#moved = null
  }

  close(): void {
    this.#isOpen = false
    this.#moved = null
  }

  choose(by: number): void {
    const count = this.suggestions?.items.length ?? 0
    if (count === 0) return this.suggest()
    this.#moved = this.chosen < 0 && by < 0 ? count - 1 : (this.chosen + by + count) % count
  }

  /** Write a suggestion. Returns where the caret goes. */
  take(taken: Suggestion): number {
    if (this.suggestions === null) return this.caret
    const { text, caret } = takeSuggestion(this.text, this.suggestions, taken)
    this.typed(text, caret)
    return caret
  }
}
