import { createApp } from '../../sync-server/site/app.ts'
import { siteFolder } from '../../sync-server/config.ts'
import { listen } from '../../sync-server/listen.ts'

/** A Runnel served for a test, on a port of its own. */
export interface Host {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly origin: string
  readonly port: number
  readonly stop: () => Promise<void>
}

/**
 * Serve the built site on loopback.
 *
 * folder   the built site; the build folder unless said
 * port     0 for any free one; a test that stops a host and starts it again passes the port it had
 */
export const startHost = async (options: { readonly folder?: string; readonly port?: number } = {}): Promise<Host> => {
  const app = createApp(options.folder ?? siteFolder(process.env))
  const listening = await listen(app.fetch, { host: '127.0.0.1', port: options.port ?? 0 })
  return { origin: `http://127.0.0.1:${listening.port}`, port: listening.port, stop: listening.close }
}
