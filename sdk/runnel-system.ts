/**
 * The part of runnel.js that logs system metrics, loaded from beside it when they are asked for. It shares no class with runnel.js: each is
 * a module of its own, so what passes between them is plain.
 */
import { nodeMeters, nodeParts } from './system/node-meters.ts'
import { resolveOptions } from './system/options.ts'
import { pageMeters, pageParts } from './system/page-meters.ts'
import { SystemWatch, type WatchParts } from './system/watch.ts'

export interface SystemRequest extends Omit<WatchParts, 'meters' | 'options'> {
  /** What was asked for, for all runs and for this one. */
  readonly asked: readonly unknown[]
}

/** Begins to watch at once. Fails with INVALID_PARAMETER_VALUE when what was asked for makes no sense. */
export function watchSystem({ asked, ...request }: SystemRequest): SystemWatch {
  const node = nodeParts()
  const options = resolveOptions(asked, node === null ? {} : process.env)
  const meters = [...(node === null ? [] : nodeMeters(node)), ...pageMeters(pageParts())]
  return new SystemWatch({ ...request, options, meters })
}
