/** A host of its own process for benches about memory: says its port, samples its resident memory, and tells the samples when asked. */
import { join } from 'node:path'
import { createApi } from '#lib/api/app.ts'
import { systemClock } from '#lib/domain/time.ts'
import { FolderBlobs } from '../../sync-server/files/folder-blobs.ts'
import { listen } from '../../sync-server/listen.ts'
import { openNodeStore } from '../../sync-server/store/open-store.ts'

/** Host → bench. */
export type HostMessage = { readonly port: number } | { readonly rssBytes: readonly number[] }
/** Bench → host: hand over the samples taken since the last time, or end. */
export type BenchMessage = 'samples' | 'end'

const SAMPLE_EVERY_MS = 50

const [folder = ''] = process.argv.slice(2)
const say = (message: HostMessage): void => void process.send?.(message)

const blobs = await FolderBlobs.open(join(folder, 'blobs'), systemClock)
const { store, close } = await openNodeStore({
  databaseFile: join(folder, 'runnel.db'),
  blobs,
  onFailure: (error) => {
    throw error
  }
})
const api = createApi(store, { version: '0' })
const listening = await listen((request) => api.fetch(request), { host: '127.0.0.1', port: 0 })

let samples: number[] = []
const sample = (): void => void samples.push(process.memoryUsage.rss())
const sampling = setInterval(sample, SAMPLE_EVERY_MS)

process.on('message', (message: BenchMessage) => {
  if (message === 'samples') {
    sample()
    say({ rssBytes: samples })
    samples = []
  } else void end()
})
say({ port: listening.port })

async function end(): Promise<void> {
  clearInterval(sampling)
  await listening.close()
  await close()
  process.disconnect()
}
