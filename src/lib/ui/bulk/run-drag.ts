/** Runs that are dragged by their link, from a table onto an experiment. */
import { isRunId, type RunId } from '#lib/domain/ids.ts'

/** Browsers show the types of what is dragged while it moves, and what it is only once it is dropped. */
const TYPE = 'application/x-runnel-runs'

/** The run whose link this is or lies in; null when there is none. */
export function runOfLink(target: EventTarget | null): RunId | null {
  const link = target instanceof Element ? target.closest('a[href^="/runs/"]') : null
  const id = link?.getAttribute('href')?.slice('/runs/'.length) ?? ''
  return isRunId(id) ? id : null
}

/** Drag these runs. The link itself goes along: elsewhere it is a link that is dropped. */
export function startRunDrag(event: DragEvent, ids: readonly RunId[]): void {
  if (!event.dataTransfer) return
  event.dataTransfer.effectAllowed = 'all'
  event.dataTransfer.setData(TYPE, JSON.stringify(ids))
}

/** Whether what was dragged has been taken by an experiment. */
export const wereMoved = (event: DragEvent): boolean => event.dataTransfer?.dropEffect === 'move'

export const dragsRuns = (event: DragEvent): boolean => event.dataTransfer?.types.includes(TYPE) ?? false

/** The runs that were dropped; none when it was something else. */
export function droppedRuns(event: DragEvent): readonly RunId[] {
  try {
    const ids: unknown = JSON.parse(event.dataTransfer?.getData(TYPE) ?? '')
    return Array.isArray(ids) ? ids.filter((id): id is RunId => typeof id === 'string' && isRunId(id)) : []
  } catch {
    return []
  }
}
