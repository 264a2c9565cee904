/**
 * A process with a relay, for tests that kill it and benches that weigh it: `relay-host.ts FILE [PORT]`. Says its port, and its memory
 * after a collection (`--expose-gc`) when it is asked.
 */
import { SqliteRoomLog } from '../../sync-server/relay/sqlite-room-log.ts'
import { startRelay } from './relay.ts'

/** Host → parent. */
export type RelayHostMessage = { readonly port: number } | { readonly rssBytes: number; readonly heapBytes: number }

const [file = '', port = '0'] = process.argv.slice(2)

const log = await SqliteRoomLog.open({
  file,
  onFailure: (error) => {
    throw error
  }
})
const host = await startRelay({ log }, Number(port))

process.on('message', () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  say({ rssBytes: rss, heapBytes: heapUsed })
})
process.on('disconnect', () => void host.close().then(() => process.exit()))
say({ port: Number(new URL(host.url).port) })

function say(message: RelayHostMessage): void {
  process.send?.(message)
}
