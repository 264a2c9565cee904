import { RunnelError } from '#lib/domain/errors.ts'
import type { SqlEngine, Statement } from './engine.ts'
import type { Journal, SaveState } from './journal.ts'

/** A commit that takes longer than this to become durable is worth a word; most take a millisecond. */
const SAVING_AFTER_MS = 100

/** A journal that says whether everything logged so far is safe. */
export class SavedJournal implements Journal {
  readonly #inner: Journal
  /** Who hears of it; the doors open only after the store. */
  onState: (state: SaveState, message: string | null) => void = () => undefined
  #pending = 0
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(inner: Journal) {
    this.#inner = inner
  }

  async append(statements: readonly Statement[], options?: { readonly makesRoom: boolean }): Promise<void> {
    this.#pending++
    this.#timer ??= setTimeout(() => this.onState('saving', null), SAVING_AFTER_MS)
    try {
      await this.#inner.append(statements, options)
      this.#settle()
    } catch (error) {
      this.#settle(error instanceof RunnelError ? error.message : String(error))
      throw error
    }
  }

  recover(): Promise<SqlEngine> {
    return this.#inner.recover()
  }

  #settle(failure: string | null = null): void {
    this.#pending--
    if (failure === null && this.#pending > 0) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.onState(failure === null ? 'saved' : 'failing', failure)
  }
}
