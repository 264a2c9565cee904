/** The shared worker that holds the store for every tab of this origin. */
import { version } from '$app/environment'
import { startBrowserHost } from './browser-host.ts'

declare const self: SharedWorkerGlobalScope

const host = startBrowserHost({ build: version })

self.onconnect = ({ ports }) => {
  for (const port of ports) host.serve(port)
}
