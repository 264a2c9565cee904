import type { ShellMessage } from './shell-message.ts'

/** What the page that registers the shell wants to hear. */
export interface ShellEvents {
  /** A new version is downloaded and waits. `activate` switches this page to it by a reload, and the other tabs at their next one. */
  readonly onWaiting: (activate: () => void) => void
  /** Another tab switched to a new version: this page goes on with the old one until it is reloaded. */
  readonly onReplaced: () => void
}

/** By then a waiting worker that is alone has taken over (service-worker/index.ts looks four times in 1.2 s). */
const decidedWithinMs = 2_000

/** A tab that stays open for days still hears of a new version. */
const checkEveryMs = 60 * 60 * 1000

/**
 * Register the service worker that keeps the app for offline use and answers `/api` from the store.
 *
 * A version that waits when a page starts is taken at once if no other tab is open: opening Runnel gives the newest one it has.
 *
 * returns  once registered; does nothing where service workers are missing (a private window, an insecure origin)
 * fails    never: Runnel works without one, only not offline
 */
export const registerShell = async (events: ShellEvents): Promise<void> => {
  const container = 'serviceWorker' in navigator ? navigator.serviceWorker : undefined
  if (container === undefined) return
  let isActivating = false
  let hadController = container.controller !== null
  container.addEventListener('controllerchange', () => {
    if (isActivating) location.reload()
    else if (hadController) events.onReplaced()
    hadController = true
  })
  const activate = (worker: ServiceWorker, type: ShellMessage['type']): void => {
    isActivating = true
    worker.postMessage({ type } satisfies ShellMessage)
  }
  const announce = (worker: ServiceWorker): void => {
    isActivating = false
    events.onWaiting(() => activate(worker, 'activate'))
  }

  const registration = await register(container)
  if (registration === undefined) return
  if (registration.waiting !== null && hadController) {
    const waiting = registration.waiting
    activate(waiting, 'activate-if-alone')
    // Not alone, then: the person decides.
    setTimeout(() => registration.waiting === waiting && announce(waiting), decidedWithinMs)
  }
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && container.controller !== null) announce(worker)
    })
  })
  checkForUpdates(registration)
  void askToBeClaimed(container)
}

/**
 * A page that was loading at the very moment the worker claimed its pages is not among them, and would ask the network for `/api`
 * until its next load.
 */
const askToBeClaimed = async (container: ServiceWorkerContainer): Promise<void> => {
  const { active } = await container.ready
  if (container.controller === null) active?.postMessage({ type: 'claim' } satisfies ShellMessage)
}

const register = async (container: ServiceWorkerContainer): Promise<ServiceWorkerRegistration | undefined> => {
  try {
    // Vite's own server sends the worker as a module with imports; a build sends one classic-safe file. `module` reads both.
    return await container.register('/service-worker.js', { type: 'module', updateViaCache: 'none' })
  } catch (error) {
    console.warn('Runnel cannot be opened offline here:', error)
    return undefined
  }
}

const checkForUpdates = (registration: ServiceWorkerRegistration): void => {
  let checkedMs = Date.now()
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || Date.now() - checkedMs < checkEveryMs) return
    checkedMs = Date.now()
    // Offline it fails, and the next look tries again.
    registration.update().catch(() => undefined)
  })
}
