import { tick } from 'svelte'
import { CHART_GRID } from '#lib/domain/limits.ts'
import { plural } from '../shared/format.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'
import { settingParam, settingTexts, type ChartSettings } from './chart-settings.ts'
import {
  addPanel,
  EMPTY_LAYOUT,
  foldGroup,
  hidePanel,
  inHeight,
  inSpan,
  moveBeside,
  neighbourAt,
  orderGroups,
  orderPanels,
  removePanel,
  showPanels,
  withOptions,
  type Layout,
  type PanelContent,
  type PanelId,
  type PanelOptions
} from './layout.ts'
import type { Arrangement, Panel, PanelGroup } from './panels.ts'
import type { SavedLayout } from './saved-layout.svelte.ts'

export interface ArrangingInputs {
  readonly layout: SavedLayout
  readonly toasts: Toasts
  readonly arrangement: () => Arrangement
}

/** CSS pixels of a panel's drawing, unless it was made higher or lower. */
export const PANEL_HEIGHT = 200

export const spanOf = (options: PanelOptions): number => options.span ?? 1
export const heightOf = (options: PanelOptions): number => options.height ?? PANEL_HEIGHT

/** What can be done to the arrangement of panels. Everything that takes something away can be undone. */
export class Arranging {
  readonly #inputs: ArrangingInputs
  /** Said to screen readers: where what was moved is now. */
  said = $state('')
  /** A panel that was just put there, to be looked at. */
  freshId = $state<PanelId | null>(null)

  constructor(inputs: ArrangingInputs) {
    this.#inputs = inputs
  }

  get layout(): Layout {
    return this.#inputs.layout.current
  }

  #change(next: Layout): void {
    this.#inputs.layout.change(next)
  }

  #undoable(message: string, next: Layout): void {
    const before = this.layout
    this.#change(next)
    this.#inputs.toasts.show({ message, undo: async () => this.#change(before) })
  }

  // ── panels ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Put a panel before or after another one of its group. */
  place(panel: Panel, target: PanelId, side: 'before' | 'after'): void {
    const group = this.#groupOf(panel)
    if (!group) return
    const ids = moveBeside(group.ids, panel.id, target, side)
    if (ids === group.ids) return
    this.#change(orderPanels(this.layout, group.id, ids))
    const drawn = ids.filter((id) => group.panels.some((other) => other.id === id))
    this.said = `${panel.name} is now ${drawn.indexOf(panel.id) + 1} of ${drawn.length}.`
  }

  /** Move a panel by places among those that are drawn. */
  move(panel: Panel, by: number): void {
    const drawn = this.#groupOf(panel)?.panels.map(({ id }) => id) ?? []
    const beside = neighbourAt(drawn, panel.id, by)
    if (beside) this.place(panel, beside.target, beside.side)
    else this.said = `${panel.name} is ${by < 0 ? 'the first' : 'the last'} of its group.`
  }

  resize(panel: Panel, span: number, height: number): void {
    const wanted = { span: inSpan(span), height: inHeight(height) }
    this.#change(
      withOptions(this.layout, panel.id, {
        span: wanted.span === 1 ? undefined : wanted.span,
        height: wanted.height === PANEL_HEIGHT ? undefined : wanted.height
      })
    )
    this.said = `${panel.name}: ${plural(wanted.span, 'column')} wide, ${wanted.height} pixels high.`
  }

  /** undefined: as fits what was logged. */
  drawAs(panel: Panel, as: PanelOptions['as']): void {
    this.#change(withOptions(this.layout, panel.id, { as }))
  }

  /** A setting of its own; undefined gives it back to those of all charts. */
  setOwn<Name extends 'x' | 'y' | 'smoothing'>(panel: Panel, name: Name, value: ChartSettings[Name] | undefined): void {
    const { [settingParam(name)]: _own, ...others } = panel.options.settings ?? {}
    const settings = value === undefined ? others : { ...others, ...settingTexts({ [name]: value }) }
    this.#change(
      withOptions(this.layout, panel.id, { settings: Object.keys(settings).length > 0 ? settings : undefined })
    )
  }

  hide(panel: Panel): void {
    if (panel.added) this.#undoable(`Removed ${panel.name}.`, removePanel(this.layout, panel.id))
    else this.#undoable(`Hid ${panel.name}.`, hidePanel(this.layout, panel.id))
  }

  show(ids: readonly PanelId[]): void {
    this.#change(showPanels(this.layout, ids))
  }

  get canAdd(): boolean {
    return this.layout.added.length < CHART_GRID.addedPanels
  }

  async add(content: PanelContent): Promise<void> {
    const { layout, id } = addPanel(this.layout, content)
    this.#change(layout)
    await tick()
    this.freshId = id
  }

  // ── groups ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  fold(group: PanelGroup): void {
    this.#change(foldGroup(this.layout, group.id, !group.folded))
  }

  foldAll(folded: boolean): void {
    const { groups } = this.#inputs.arrangement()
    this.#change(groups.reduce((layout, { id }) => foldGroup(layout, id, folded), this.layout))
  }

  /** Move a group by places among those that are drawn. */
  moveGroup({ id, name }: PanelGroup, by: number): void {
    const { groups, groupIds } = this.#inputs.arrangement()
    const beside = neighbourAt(
      groups.map((group) => group.id),
      id,
      by
    )
    if (!beside) return
    this.#change(orderGroups(this.layout, moveBeside(groupIds, id, beside.target, beside.side)))
    this.said = `${name} moved ${by < 0 ? 'up' : 'down'}.`
  }

  reset(): void {
    this.#undoable('The charts are arranged as at first.', { ...EMPTY_LAYOUT, settings: this.layout.settings })
  }

  #groupOf(panel: Panel): PanelGroup | undefined {
    return this.#inputs.arrangement().groups.find(({ id }) => id === panel.group)
  }
}
