/** What is known of a query while it changes and answers come. */
import { isSameChart } from './chart-parcel.ts'
import type { LiveFailure } from './client.ts'
import type { LiveQuery } from './live.svelte.ts'
import type { AnswerTo, ChartAnswer, ChartQuery, Query } from './protocol.ts'

/** What is told of a query as it is asked and answered; answers are to what was asked last. */
export interface Answered<Q extends Query> extends LiveQuery<Q> {
  /** A query was sent, `text` being all it says. */
  ask(text: string): void
  answer(answer: AnswerTo<Q>): void
  refuse(failure: LiveFailure): void
  /** Nothing is asked any more, or something else. */
  clear(): void
}

export class QueryState<Q extends Query> implements Answered<Q> {
  current = $state.raw<AnswerTo<Q> | undefined>(undefined)
  error = $state.raw<LiveFailure | null>(null)
  loading = $state(true)

  ask(): void {
    this.loading = true
  }

  answer(answer: AnswerTo<Q>): void {
    this.current = answer
    this.error = null
    this.loading = false
  }

  refuse(failure: LiveFailure): void {
    this.error = failure
    this.loading = false
  }

  clear(): void {
    this.current = undefined
    this.error = null
    this.loading = false
  }
}

/** Of no query. */
const NOTHING = JSON.stringify(null)

/**
 * The same of a chart, whose lines are drawn as they change.
 *
 * - What it says is of the query as it stands in this very moment, although that is sent only once whoever changed it is done: who draws a new
 *   range knows from the first that its lines are to come.
 * - The answers to the last two questions are kept. A range that was left and is gone back to is drawn from what it showed then, at once; its
 *   answer comes as always, and where it says the same, what is drawn stays.
 */
export class ChartState implements Answered<ChartQuery> {
  readonly #text: () => string
  /** What was sent last, and what was answered or refused last. */
  #asked = ''
  #settled = $state('')
  /** By what was asked. */
  readonly #answers = new Map<string, ChartAnswer>()
  #newest = $state.raw<ChartAnswer | undefined>(undefined)
  error = $state.raw<LiveFailure | null>(null)

  /** `text` says what is to be asked now. */
  constructor(text: () => string) {
    this.#text = text
  }

  readonly loading = $derived.by((): boolean => this.#text() !== this.#settled && this.#text() !== NOTHING)

  readonly current = $derived.by((): ChartAnswer | undefined =>
    this.#newest === undefined ? undefined : (this.#answers.get(this.#text()) ?? this.#newest)
  )

  ask(text: string): void {
    this.#asked = text
  }

  answer(answer: ChartAnswer): void {
    const known = this.#asked === this.#settled ? undefined : this.#answers.get(this.#asked)
    const kept = known !== undefined && isSameChart(known, answer) ? known : answer
    this.#answers.delete(this.#asked)
    this.#answers.set(this.#asked, kept)
    if (this.#answers.size > 2) this.#answers.delete(this.#answers.keys().next().value!)
    this.#newest = kept
    this.#settled = this.#asked
    this.error = null
  }

  refuse(failure: LiveFailure): void {
    this.#settled = this.#asked
    this.error = failure
  }

  clear(): void {
    this.#answers.clear()
    this.#newest = undefined
    this.#settled = ''
    this.error = null
  }
}
