import type { ExperimentId } from '#lib/domain/ids.ts'
import type { Live } from '#lib/live/live.svelte.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'
import { EMPTY_LAYOUT, type Layout } from './layout.ts'
import { layoutToText, parseLayout } from './saved-layout-text.ts'

export interface SavedLayoutInputs {
  readonly live: Live
  readonly toasts: Toasts
  readonly experimentId: ExperimentId
}

/** The view an experiment's charts are in without anybody choosing one. */
const NAME = ''
/** A slider says many things before it says what is meant. */
const PAUSE_MS = 400

/**
 * An experiment's layout, kept in its store.
 *
 * What is changed here shows at once and is saved after a pause; until the store has it, what was saved before is not looked at. Another
 * page's changes come in otherwise.
 */
export class SavedLayout {
  readonly #inputs: SavedLayoutInputs
  readonly #views
  /** Changed here, and not yet known to be saved. */
  #draft = $state.raw<Layout | null>(null)
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(inputs: SavedLayoutInputs) {
    this.#inputs = inputs
    const { live, experimentId } = inputs
    this.#views = live.query(() => ({ kind: 'views', experimentId, of: 'charts' }))
    $effect(() => {
      if (this.#draft !== null && layoutToText(this.#draft) === this.#text) this.#draft = null
    })
    $effect(() => {
      const flush = (): void => this.#flush()
      addEventListener('pagehide', flush)
      return () => {
        removeEventListener('pagehide', flush)
        flush()
      }
    })
  }

  readonly #text = $derived.by(
    (): string | null => this.#views.current?.find(({ name }) => name === NAME)?.state ?? null
  )
  readonly #saved = $derived.by(() =>
    this.#text === null ? { layout: EMPTY_LAYOUT, whole: true } : parseLayout(this.#text)
  )

  readonly current = $derived.by((): Layout => this.#draft ?? this.#saved.layout)
  /**
   * As it was when this page first knew it, with what is changed here. How charts are looked at is each page's own from then on: what others choose
   * is for the pages they open.
   */
  get settings(): Layout['settings'] {
    if (this.#draft !== null) this.#opened = this.#draft.settings
    else if (this.ready) this.#opened ??= this.#saved.layout.settings
    return this.#opened ?? EMPTY_LAYOUT.settings
  }
  #opened: Layout['settings'] | null = null

  /** False until it is known what was saved: before, panels would be drawn only to be moved. */
  readonly ready = $derived.by((): boolean => this.#views.current !== undefined || this.#views.error !== null)
  /** Something of what was saved could not be read, and goes when this is saved again. */
  readonly damaged = $derived.by((): boolean => this.#draft === null && !this.#saved.whole)

  change(next: Layout): void {
    if (next === this.current) return
    this.#draft = next
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#save(next), PAUSE_MS)
  }

  #flush(): void {
    if (this.#timer !== undefined && this.#draft !== null) void this.#save(this.#draft)
  }

  async #save(layout: Layout): Promise<void> {
    const { live, toasts, experimentId } = this.#inputs
    clearTimeout(this.#timer)
    this.#timer = undefined
    try {
      await live.commands.saveView(experimentId, 'charts', NAME, layoutToText(layout))
    } catch (error) {
      toasts.fail('How the charts are arranged was not saved.', error)
    }
  }
}
