/// <reference types="@sveltejs/kit" />
import { build, files, version } from '$service-worker'
import { askStore, mlflowError, storeChannelName } from '#lib/live/envelope.ts'
import type { ShellMessage } from '#lib/live/shell-message.ts'
import { HOST_INFO_PATH, isShellPath, isStorePath, spaceAsked } from '#lib/live/store-paths.ts'
import { createHostMemory } from './host-memory.ts'
import { createShell } from './shell.ts'

const worker = self as unknown as ServiceWorkerGlobalScope
const assets = [...build, ...files].filter((path) => path !== HOST_INFO_PATH)
const shell = createShell({ version, assets, caches, fetch: (request) => fetch(request) })
const host = createHostMemory({ caches, fetch: (path, init) => fetch(path, init) })
const channel = new BroadcastChannel(storeChannelName)

worker.addEventListener('install', (event) => {
  event.waitUntil(shell.install())
  // Kept for when the host cannot be asked.
  event.waitUntil(host.keepsStore())
})

worker.addEventListener('activate', (event) => {
  // Claiming lets the very first page ask the store under /api without a reload.
  event.waitUntil(shell.dropOldVersions().then(() => worker.clients.claim()))
})

worker.addEventListener('message', (event) => {
  const message = event.data as ShellMessage | undefined
  if (message?.type === 'activate') event.waitUntil(worker.skipWaiting())
  if (message?.type === 'activate-if-alone') event.waitUntil(activateIfAlone())
  if (message?.type === 'claim') event.waitUntil(worker.clients.claim())
})

worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  if (url.origin !== worker.location.origin) return
  if (isStorePath(url.pathname)) {
    const space = spaceAsked(url)
    if (space !== 'host') event.respondWith(answerOf(space, event.request))
  } else if (event.request.method === 'GET' && shell.knows(event.request))
    event.respondWith(shell.answer(event.request))
})

/** The page that was left or reloaded a moment ago may still be listed: look again before believing in another tab. */
const activateIfAlone = async (): Promise<void> => {
  for (const waitMs of [0, 200, 400, 600]) {
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })
    if (pages.length <= 1) return worker.skipWaiting()
  }
}

/** Whether one of the app's own pages is open: each of them starts the store's worker, other pages of this origin do not. */
const isShellOpen = async (): Promise<boolean> => {
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })
  return pages.some(({ url }) => isShellPath(new URL(url).pathname))
}

/** Without a host that keeps a store, this browser's answers; with one, a request that does not say otherwise is the host's. */
const answerOf = async (space: 'browser' | null, request: Request): Promise<Response> =>
  space === null && (await host.keepsStore()) ? fetch(request) : answerFromStore(request)

const answerFromStore = async (request: Request): Promise<Response> => {
  // A form on any site can navigate here with POST, past CORS: only a script of our own origin may change things.
  if (request.mode === 'navigate' && request.method !== 'GET') {
    return mlflowError(403, 'PERMISSION_DENIED', 'Only a page of this origin may call the API.')
  }
  const response = await askStore(channel, request, isShellOpen)
  const headers = new Headers(response.headers)
  // An artifact opened as a page of its own must not be one of this origin's.
  headers.set('Content-Security-Policy', "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'")
  headers.set('X-Content-Type-Options', 'nosniff')
  return new Response(response.body, { status: response.status, headers })
}
