import { RunnelError } from '#lib/domain/errors.ts'
import { LiveClient, type StorePort } from '#lib/live/client.ts'
import { STORE_LOCK } from '#lib/live/names.ts'
import type { PageRole } from '#lib/live/protocol.ts'
import { takeSharedStore } from './shared-store.ts'

/** Connect this page to the store of this browser. */
export function connectStore(role: PageRole): LiveClient {
  const openPort = isSecureContext ? ('SharedWorker' in globalThis ? openShared : openAlone) : refuse
  return new LiveClient({ role, openPort })
}

/** A browser gives the locks and digests a store is built on only to pages over https, and to those of this machine. */
function refuse(): never {
  throw new RunnelError('INVALID_STATE', 'This browser keeps runs only for pages over https, or of this machine.')
}

function openShared(): StorePort {
  const { worker, failed } = takeSharedStore()
  worker.port.start()
  return { port: worker.port, failed, close: () => worker.port.close() }
}

/** Without SharedWorker (older Chrome on Android, some webviews) one tab holds the store, and any other is told so. */
async function openAlone(): Promise<StorePort> {
  const { held = [] } = await navigator.locks.query()
  if (held.some(({ name }) => name === STORE_LOCK))
    throw new RunnelError(
      'INVALID_STATE',
      'Runnel is open in another tab, and this browser can show it in one tab at a time. Close the other, then reload.'
    )
  const worker = new Worker(new URL('./store-alone.worker.ts', import.meta.url), { type: 'module' })
  return { port: worker, close: () => worker.terminate() }
}
