// What a room's document grows by when 20 live runs log 100,000 points through store, replicator and document. See bench/README.md.
import * as Y from 'yjs'
import type { RunId } from '#lib/domain/ids.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { logSeries } from '#lib/store/metrics.ts'
import { createRun, requireActiveRun, updateRun } from '#lib/store/runs.ts'
import { shareExperiment } from '#lib/store/sync/sharing.ts'
import { Replicator } from '#lib/sync/replicator.ts'
import { RoomDoc } from '#lib/sync/room-doc.ts'
import { openTestStore } from '../tests/support/engines.ts'
import { metricSeries } from './support/metric-series.ts'
import { sliceSeries } from '#lib/domain/series.ts'
import { report } from './support/report.ts'

const RUNS = 20
const POINTS = 5000
const BATCH = 10
const MOST_KB = 10

const { store, clock } = await openTestStore('node:sqlite')
const experimentId = await store.write((tx) => createExperiment(tx, { name: 'growth' }))
const { sharedId } = await shareExperiment(store, experimentId, '')
const room = new RoomDoc(new Y.Doc())
let sentBytes = 0
room.doc.on('update', (update: Uint8Array) => (sentBytes += update.length))
// What is gathered is published when this says so: once a round, as a pause of 40 ms would.
const replicator = new Replicator({ store, room: sharedId, doc: room, mayWrite: true, later: () => () => undefined })
await replicator.start()

const runs: RunId[] = []
for (let i = 0; i < RUNS; i++)
  runs.push((await store.write((tx) => createRun(tx, { experimentId, name: `run ${i}` }))).runId)
const series = metricSeries('loss f32', POINTS)

const bytesNow = (): number => Y.encodeStateAsUpdate(room.doc).length
let mostBytes = 0
for (let at = 0; at < POINTS; at += BATCH) {
  clock.now += 1000
  for (const id of runs)
    await store.write(async (tx) =>
      logSeries(tx, await requireActiveRun(tx, id), new Map([['loss', sliceSeries(series, at, at + BATCH)]]))
    )
  await replicator.flush()
  if (at % 500 === 0) mostBytes = Math.max(mostBytes, bytesNow())
}
const liveBytes = bytesNow()
for (const id of runs) await store.write((tx) => updateRun(tx, id, { status: 'FINISHED', endTime: clock.now }))
await replicator.flush()
await replicator.close()

const structs = [...room.doc.store.clients.values()].reduce((sum, { length }) => sum + length, 0)
const docKb = bytesNow() / 1000
report('doc-growth', {
  doc_kb: docKb,
  doc_live_kb: liveBytes / 1000,
  doc_most_kb: Math.max(mostBytes, liveBytes) / 1000,
  structs,
  sent_bytes_per_point: sentBytes / (RUNS * POINTS)
})
if (docKb > MOST_KB) throw new Error(`The document has ${docKb.toFixed(1)} KB, and must have ${MOST_KB} at most.`)
