// What a bench puts into a page to look at the store as the app's own pages do. Bundled by live-page.ts.
import { LiveClient } from '#lib/live/client.ts'
import type { AnswerTo, Query } from '#lib/live/protocol.ts'

export interface BenchLive {
  readonly client: LiveClient
  /** The first answer to a query that nobody watched before. */
  ask<Q extends Query>(query: Q): Promise<AnswerTo<Q>>
}

declare global {
  var openBenchLive: (workerUrl: string) => BenchLive
}

globalThis.openBenchLive = (workerUrl) => {
  const client = new LiveClient({
    role: 'tab',
    openPort: () => {
      const worker = new SharedWorker(workerUrl, { type: 'module', name: 'runnel' })
      worker.port.start()
      return { port: worker.port, close: () => worker.port.close() }
    }
  })
  return {
    client,
    ask: (query) =>
      new Promise((resolve, reject) => {
        const watch = client.watch(query, {
          onAnswer: (answer) => {
            watch.stop()
            resolve(answer)
          },
          onRefused: ({ message }) => reject(new Error(message))
        })
      })
  }
}
