/** The same host in a worker of one tab, for browsers without SharedWorker. Its tab made sure that no other tab has one. */
import { version } from '$app/environment'
import { startBrowserHost } from './browser-host.ts'

declare const self: DedicatedWorkerGlobalScope

startBrowserHost({ build: version }).serve(self)
