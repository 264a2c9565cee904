import type { SavedView } from '#lib/domain/view.ts'
import type { ExperimentId } from '#lib/domain/ids.ts'
import type { Live, LiveQuery } from '#lib/live/live.svelte.ts'
import type { RunsTable } from '../runs-table/runs-table.svelte.ts'
import { viewStateToText, writeViewState, type ViewState } from '../runs-table/view-state.ts'
import { quoteName } from '../shared/format.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'
import { readView, sameView } from './run-view.ts'

export interface SavedViewsInputs {
  readonly live: Live
  readonly toasts: Toasts
  readonly experimentId: ExperimentId
  readonly table: RunsTable
  /** The view the URL names; null for none. */
  readonly chosen: () => string | null
  /** Show a state under the name of a view, or of none; null leaves the state as it is. */
  readonly show: (state: ViewState | null, name: string | null, how: 'step' | 'replace') => void
}

/**
 * The saved views of one experiment's table.
 *
 * The URL holds the table's whole state and, beside it, which view it began from: so a link goes on showing what it showed when the view
 * behind it is changed, renamed or deleted.
 */
export class SavedViews {
  readonly #inputs: SavedViewsInputs
  readonly #query: LiveQuery<{ kind: 'views'; experimentId: ExperimentId; of: 'runs' }>

  constructor(inputs: SavedViewsInputs) {
    this.#inputs = inputs
    const { live, experimentId } = inputs
    this.#query = live.query(() => ({ kind: 'views', experimentId, of: 'runs' }))
    this.#openBareLink()
  }

  readonly list = $derived.by((): readonly SavedView[] =>
    (this.#query.current ?? []).toSorted((a, b) => a.name.localeCompare(b.name))
  )
  readonly chosen = $derived.by((): SavedView | null => this.#find(this.#inputs.chosen()))
  /** The name in the URL that no view has: it was deleted, or comes from another store. */
  readonly missing = $derived.by((): string | null =>
    this.#query.current !== undefined && this.chosen === null ? this.#inputs.chosen() : null
  )
  readonly #read = $derived.by(() => (this.chosen === null ? null : readView(this.chosen.state)))
  readonly modified = $derived.by((): boolean => this.#read !== null && !sameView(this.#read.state, this.#now()))
  /** A word about a view that this version does not understand, or not whole. */
  readonly doubt = $derived.by((): string | null => {
    if (this.chosen === null || this.#read?.whole) return null
    const name = quoteName(this.chosen.name)
    return this.#read === null
      ? `${name} was saved by another version of Runnel and cannot be read here.`
      : `${name} was saved by another version of Runnel. It is shown as far as it is understood here.`
  })

  #find(name: string | null): SavedView | null {
    return this.list.find((view) => view.name === name) ?? null
  }

  /** With the columns as they are, arranged or not: another device would show other ones. */
  #now(): ViewState {
    const { state, columns } = this.#inputs.table
    return { ...state, layout: { ...columns.layout, columns: columns.chosen } }
  }

  /** A link that says nothing but the name of a view shows that view. */
  #openBareLink(): void {
    let done = false
    $effect(() => {
      if (done || this.#query.current === undefined) return
      done = true
      const isBare = writeViewState(this.#inputs.table.state, new URLSearchParams()).size === 0
      if (isBare && this.#read !== null) this.#inputs.show(this.#read.state, this.chosen!.name, 'replace')
    })
  }

  pick(view: SavedView): void {
    this.#inputs.show(readView(view.state)?.state ?? null, view.name, 'step')
  }

  /** Show no view: the table stays as it is. */
  leave(): void {
    this.#inputs.show(null, null, 'replace')
  }

  /** Under a new name, or over a view of that name. Fails with a sentence for the field it was typed into. */
  async save(name: string): Promise<void> {
    const earlier = this.#find(name)
    await this.#save(name, viewStateToText(this.#now()))
    this.#inputs.show(null, name, 'replace')
    this.#said(`Saved ${quoteName(name)}.`, () =>
      earlier === null ? this.#delete(name) : this.#save(name, earlier.state)
    )
  }

  /** Fails with a sentence for the field it was typed into. */
  async rename(view: SavedView, name: string): Promise<void> {
    if (name === view.name) return
    const { live, experimentId } = this.#inputs
    await live.commands.renameView(experimentId, 'runs', view.name, name)
    if (this.#inputs.chosen() === view.name) this.#inputs.show(null, name, 'replace')
  }

  async delete(view: SavedView): Promise<void> {
    try {
      await this.#delete(view.name)
    } catch (error) {
      return this.#inputs.toasts.fail('The view was not deleted.', error)
    }
    if (this.#inputs.chosen() === view.name) this.leave()
    this.#said(`Deleted the view ${quoteName(view.name)}.`, () => this.#save(view.name, view.state))
  }

  #save(name: string, state: string): Promise<void> {
    const { live, experimentId } = this.#inputs
    return live.commands.saveView(experimentId, 'runs', name, state)
  }

  #delete(name: string): Promise<void> {
    const { live, experimentId } = this.#inputs
    return live.commands.deleteView(experimentId, 'runs', name)
  }

  #said(message: string, undo: () => Promise<void>): void {
    this.#inputs.toasts.show({ message, undo })
  }
}
