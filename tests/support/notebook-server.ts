import { Hono } from 'hono'
import { listen } from '../../sync-server/listen.ts'

/** A second origin: pages that are not Runnel's, as a notebook's are not. */
export interface NotebookServer {
  /** `http://127.0.0.1:PORT`: another origin than Runnel's, the same site. */
  readonly origin: string
  /** `http://localhost:PORT`: another site, so that an iframe of Runnel's is partitioned. */
  readonly otherSite: string
  readonly port: number
  /** Serve this HTML at `path` (`/cell.html`) from now on, with these headers beside its type. */
  readonly page: (path: string, html: string, headers?: Readonly<Record<string, string>>) => void
  /** What pages posted to `/report`, parsed from JSON, oldest first: kept here, so it outlives a killed browser. */
  readonly reports: readonly unknown[]
  /** The first report from `since` (an index, 0 unless said) on that fits. Fails with what did arrive after `timeoutMs`. */
  readonly waitForReport: <T>(fits: (report: unknown) => report is T, options?: WaitOptions) => Promise<T>
  readonly stop: () => Promise<void>
}

export interface WaitOptions {
  readonly since?: number
  readonly timeoutMs?: number
}

/** Start a second origin on a free loopback port. A page of it reports with `fetch('/report', { method: 'POST', body: JSON.stringify(...) })`. */
export const startNotebookServer = async (options: { readonly port?: number } = {}): Promise<NotebookServer> => {
  const pages = new Map<string, { readonly html: string; readonly headers: Readonly<Record<string, string>> }>()
  const reports: unknown[] = []
  const waiting = new Set<() => void>()

  const app = new Hono()
  app.post('/report', async (c) => {
    reports.push(await c.req.json())
    for (const look of [...waiting]) look()
    return c.body(null, 204)
  })
  app.get('*', (c) => {
    const page = pages.get(c.req.path)
    return page === undefined ? c.text('Not found.', 404) : c.html(page.html, 200, page.headers)
  })

  // Listening on `localhost` alone would take only one of 127.0.0.1 and [::1]; browsers try both for the name.
  const listening = await listen(app.fetch, { host: '127.0.0.1', port: options.port ?? 0 })

  const waitForReport = <T>(fits: (report: unknown) => report is T, wait: WaitOptions = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = reports.slice(wait.since ?? 0).find(fits)
        if (found === undefined) return
        settle()
        resolve(found)
      }
      const timer = setTimeout(() => {
        settle()
        reject(new Error(`No such report arrived. ${reports.length} did: ${JSON.stringify(reports.slice(-5))}`))
      }, wait.timeoutMs ?? 10_000)
      const settle = (): void => {
        clearTimeout(timer)
        waiting.delete(look)
      }
      waiting.add(look)
      look()
    })

  return {
    origin: `http://127.0.0.1:${listening.port}`,
    otherSite: `http://localhost:${listening.port}`,
    port: listening.port,
    page: (path, html, headers = {}) => void pages.set(path, { html, headers }),
    reports,
    waitForReport,
    stop: listening.close
  }
}
