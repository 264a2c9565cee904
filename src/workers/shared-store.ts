/** The shared worker that holds this browser's store, from the page's side. */
import { RunnelError } from '#lib/domain/errors.ts'

export interface SharedStore {
  readonly worker: SharedWorker
  /** Rejects when the worker's script cannot be had: the server is gone and the page came from the HTTP cache. */
  readonly failed: Promise<never>
}

let started: SharedStore | null = null

/**
 * Have the worker come up while the page does: each takes as long as the other, and a page that asks only once it is there would wait for both.
 * Nothing where a browser shares no workers.
 */
export function startSharedStore(): void {
  if (isSecureContext && 'SharedWorker' in globalThis) started ??= open()
}

/** The one that was started, the first time; a connection of its own each time. */
export function takeSharedStore(): SharedStore {
  const taken = started ?? open()
  started = null
  return taken
}

function open(): SharedStore {
  const worker = new SharedWorker(new URL('./store.worker.ts', import.meta.url), { type: 'module', name: 'runnel' })
  const failed = new Promise<never>((_resolve, reject) => {
    worker.addEventListener('error', () =>
      reject(
        new RunnelError(
          'TEMPORARILY_UNAVAILABLE',
          'A part of Runnel could not be loaded. Is its server running? Trying again.'
        )
      )
    )
  })
  failed.catch(() => undefined)
  return { worker, failed }
}
