/** What just happened and can be taken back: one line at the foot of the page, said once to screen readers. */
import { createContext } from 'svelte'

export interface ToastInput {
  /** `Moved 3 runs to trash.` */
  readonly message: string
  /** Takes it back. The toast goes when it resolves; a failure is shown in its place. */
  readonly undo?: () => Promise<unknown>
  readonly kind?: 'done' | 'failed'
}

export interface Toast extends ToastInput {
  readonly id: number
}

/** Long enough to read, reach for the mouse and think twice. */
const SHOWN_MS = 10_000

export class Toasts {
  #list = $state.raw<readonly Toast[]>([])
  #nextId = 1
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>()

  /** Oldest first; at most three. */
  get list(): readonly Toast[] {
    return this.#list
  }

  show(input: ToastInput): void {
    const toast = { ...input, id: this.#nextId++ }
    for (const old of this.#list.slice(0, -2)) this.dismiss(old.id)
    this.#list = [...this.#list, toast]
    this.resume(toast)
  }

  /** Say that something failed, in the error's own words. */
  fail(what: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    this.show({ message: `${what} ${why}`, kind: 'failed' })
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
    this.#list = this.#list.filter((toast) => toast.id !== id)
  }

  /** Stop the clock while somebody points at it. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id))
  }

  /** What failed stays until it is closed. */
  resume(toast: Toast): void {
    if (toast.kind === 'failed') return
    clearTimeout(this.#timers.get(toast.id))
    this.#timers.set(
      toast.id,
      setTimeout(() => this.dismiss(toast.id), SHOWN_MS)
    )
  }

  async undo(toast: Toast): Promise<void> {
    this.dismiss(toast.id)
    try {
      await toast.undo?.()
    } catch (error) {
      this.fail('That could not be undone.', error)
    }
  }

  /** Undo the newest thing that can be. False when there is none. */
  undoNewest(): boolean {
    const toast = this.#list.findLast((candidate) => candidate.undo)
    if (!toast) return false
    void this.undo(toast)
    return true
  }
}

export const [useToasts, setToasts] = createContext<Toasts>()
