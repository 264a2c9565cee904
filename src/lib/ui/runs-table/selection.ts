/** Which runs are selected: by id, so that a selection survives sorting, filtering and rows that stream in. */
export interface Selection<Id extends string> {
  readonly ids: ReadonlySet<Id>
  /** The row a range starts from: the last one toggled alone. */
  readonly anchor: Id | null
}

export const noSelection = <Id extends string>(): Selection<Id> => ({ ids: new Set(), anchor: null })

export function toggle<Id extends string>(selection: Selection<Id>, id: Id): Selection<Id> {
  const ids = new Set(selection.ids)
  if (!ids.delete(id)) ids.add(id)
  return { ids, anchor: id }
}

/** Everything between the anchor and `id` in the order given takes the anchor's own state; without an anchor in it, `id` is toggled. */
export function extend<Id extends string>(selection: Selection<Id>, id: Id, order: readonly Id[]): Selection<Id> {
  const start = selection.anchor === null ? -1 : order.indexOf(selection.anchor)
  const end = order.indexOf(id)
  if (selection.anchor === null || start < 0 || end < 0) return toggle(selection, id)
  const ids = new Set(selection.ids)
  const selected = ids.has(selection.anchor)
  for (const between of order.slice(Math.min(start, end), Math.max(start, end) + 1)) {
    if (selected) ids.add(between)
    else ids.delete(between)
  }
  return { ids, anchor: selection.anchor }
}

export const selectAll = <Id extends string>(ids: readonly Id[]): Selection<Id> => ({ ids: new Set(ids), anchor: null })

/** Leave ids out that are gone, such as runs just deleted. */
export function without<Id extends string>(selection: Selection<Id>, gone: readonly Id[]): Selection<Id> {
  const ids = new Set(selection.ids)
  for (const id of gone) ids.delete(id)
  return { ids, anchor: selection.anchor !== null && gone.includes(selection.anchor) ? null : selection.anchor }
}
