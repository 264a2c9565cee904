import type { RunId } from '#lib/domain/ids.ts'
import { LIVE } from '#lib/domain/limits.ts'
import type { MetricSummary } from '#lib/domain/metric.ts'
import type { RunInfo } from '#lib/domain/run.ts'
import {
  columnName,
  isBestStep,
  type ColumnKind,
  type ColumnRef,
  type GroupAttribute,
  type GroupKey,
  type MetricPick
} from '#lib/domain/table-column.ts'
import type { Reader } from '#lib/store/database.ts'
import { metricsOfRuns } from '#lib/store/metrics.ts'
import { paramsOfRuns } from '#lib/store/params.ts'
import { getRunInfos } from '#lib/store/runs.ts'
import { tagsOfRuns } from '#lib/store/tags.ts'

export type CellValue = string | number | null

/** The value a column shows of a series, points aside. */
export function pickedValue(metric: MetricSummary | undefined, pick: MetricPick = 'last'): number | null {
  if (metric === undefined || isBestStep(pick)) return null
  return pick === 'last' ? metric.last.value : metric[pick]
}

/**
 * What many runs have in columns, kept while nothing touches them: what groups are made of and what they add up. A commit costs the runs it
 * touched, not all of them.
 */
export class ColumnValues {
  readonly #columns = new Map<string, Map<RunId, CellValue>>()

  forget(runs: ReadonlySet<RunId>): void {
    for (const values of this.#columns.values()) for (const id of runs) values.delete(id)
  }

  clear(): void {
    this.#columns.clear()
  }

  /** The value of each run; reads those that are not known. */
  async of(
    r: Reader,
    ids: readonly RunId[],
    columns: readonly (ColumnRef | GroupKey)[]
  ): Promise<Map<RunId, CellValue>[]> {
    for (const kind of ['param', 'tag', 'metric', 'attribute'] as const) {
      const ofKind = columns.filter((column) => column.kind === kind)
      if (ofKind.length > 0) await this.#load(r, ids, kind, ofKind)
    }
    const found = columns.map((column) => this.#columns.get(columnName(column)) ?? new Map<RunId, CellValue>())
    this.#letGo(columns.length)
    return found
  }

  async #load(
    r: Reader,
    ids: readonly RunId[],
    kind: ColumnKind | 'attribute',
    columns: readonly (ColumnRef | GroupKey)[]
  ): Promise<void> {
    const held = columns.map((column) => this.#hold(columnName(column)))
    // Columns are asked for together and forgotten together, so they nearly always lack the same runs.
    const lacking = ids.filter((id) => held.some((values) => !values.has(id)))
    if (lacking.length === 0) return
    const read = await readColumns(r, lacking, kind, columns)
    for (const id of lacking) held.forEach((values, at) => values.set(id, read(id, at)))
  }

  #hold(name: string): Map<RunId, CellValue> {
    const known = this.#columns.get(name) ?? new Map<RunId, CellValue>()
    // Looked at last, let go of last.
    this.#columns.delete(name)
    this.#columns.set(name, known)
    return known
  }

  #letGo(inUse: number): void {
    for (const name of this.#columns.keys()) {
      if (this.#columns.size <= Math.max(LIVE.keptColumns, inUse)) return
      this.#columns.delete(name)
    }
  }
}

/** A reader of `columns[at]` of a run. */
async function readColumns(
  r: Reader,
  ids: readonly RunId[],
  kind: ColumnKind | 'attribute',
  columns: readonly (ColumnRef | GroupKey)[]
): Promise<(id: RunId, at: number) => CellValue> {
  const keys = [...new Set(columns.map(({ key }) => key))]
  if (kind === 'attribute') {
    const infos = new Map((await getRunInfos(r, ids)).map((info) => [info.runId, info]))
    return (id, at) => attributeOf(infos.get(id), columns[at]!.key as GroupAttribute)
  }
  if (kind === 'metric') {
    const metrics = byKey(await metricsOfRuns(r, ids, keys))
    return (id, at) => pickedValue(metrics.get(id)?.get(columns[at]!.key), (columns[at] as ColumnRef).pick)
  }
  const texts = byKey(await (kind === 'param' ? paramsOfRuns : tagsOfRuns)(r, ids, keys))
  return (id, at) => texts.get(id)?.get(columns[at]!.key)?.value ?? null
}

const byKey = <T extends { readonly key: string }>(ofRuns: Map<RunId, T[]>): Map<RunId, Map<string, T>> =>
  new Map([...ofRuns].map(([id, items]) => [id, new Map(items.map((item) => [item.key, item]))]))

function attributeOf(info: RunInfo | undefined, attribute: GroupAttribute): string | null {
  if (info === undefined) return null
  switch (attribute) {
    case 'status':
      return info.status
    case 'user_id':
      return info.userId || null
    case 'run_name':
      return info.name
  }
}
