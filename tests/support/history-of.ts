import type { RunId } from '#lib/domain/ids.ts'
import type { Point } from '#lib/domain/metric.ts'
import { pointsOf } from '#lib/domain/series.ts'
import { metricHistory, type HistoryWindow } from '#lib/store/histories.ts'
import type { Store } from '#lib/store/store.ts'

/** A history, a point after the other. */
export const historyOf = async (store: Store, runId: RunId, key: string, window?: HistoryWindow): Promise<Point[]> =>
  pointsOf(await metricHistory(store, runId, key, window))
