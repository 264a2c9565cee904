/**
 * Where a floating panel goes: under its trigger, or above when there is no room; inside the window always.
 *
 * all in CSS pixels, window coordinates; `align` says which edges meet
 */
export function placePanel(
  trigger: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number },
  panel: { readonly width: number; readonly height: number },
  view: { readonly width: number; readonly height: number },
  align: 'start' | 'end'
): { left: number; top: number; maxHeight: number } {
  const gap = 4
  const edge = 8
  const below = view.height - trigger.bottom - gap - edge
  const above = trigger.top - gap - edge
  const goesBelow = panel.height <= below || below >= above
  const maxHeight = Math.max(80, goesBelow ? below : above)
  const height = Math.min(panel.height, maxHeight)
  const wanted = align === 'start' ? trigger.left : trigger.right - panel.width
  return {
    left: Math.max(edge, Math.min(wanted, view.width - panel.width - edge)),
    top: goesBelow ? trigger.bottom + gap : trigger.top - gap - height,
    maxHeight
  }
}
