/**
 * The store of a host, looked at from a page: the live door over a WebSocket.
 *
 *   probeHost ─► null: nobody but this browser keeps a store here
 *       └──────► { version, token } ─► connectHost ─► connecting ─► open ⇄ lost
 *                                                         └──► blocked: the host wants its token, or another one
 */
import { RunnelError, isErrorCode } from '#lib/domain/errors.ts'
import { CLOSE, LIVE_SOCKET_PATH, protocolsFor } from '#lib/socket/agreement.ts'
import { Tunnel } from '#lib/socket/tunnel.ts'
import { artifactAddress } from './artifact-address.ts'
import { LiveClient, type StorePort } from './client.ts'
import { answerInstead, readLiveMessage } from './comlink-messages.ts'
import { readHostInfo, type HostInfo } from './host-info.ts'
import type { MergeOutcome, PageRole } from './protocol.ts'
import { FILES_PATH, HOST_INFO_PATH } from './store-paths.ts'

export type { HostInfo }

export interface HostConnectionOptions {
  /** The host's origin. */
  readonly url: string
  readonly token: string | null
  readonly role: PageRole
}

/** A host that has not answered by then is away, or something in between swallows what it is sent. */
const PROBE_WITHIN_MS = 10_000
const OPEN_WITHIN_MS = 15_000

/**
 * The host at an origin.
 *
 * returns  null when a site is there that keeps no store: it has `null` at that address, or nothing, or answers everything with its page
 * fails    when nobody answers
 */
export async function probeHost(origin: string = location.origin): Promise<HostInfo | null> {
  const response = await fetch(origin + HOST_INFO_PATH, {
    cache: 'no-store',
    signal: AbortSignal.timeout(PROBE_WITHIN_MS)
  })
  // A host that is starting, or something in front of one that is away: that says nothing of a store.
  if (response.status >= 500) throw new RunnelError('TEMPORARILY_UNAVAILABLE', `${origin} does not answer.`)
  return response.ok ? readHostInfo(await response.text()) : null
}

/** Connect to the store of a host. */
export function connectHost({ url, token, role }: HostConnectionOptions): LiveClient {
  return new LiveClient({
    role,
    openPort: () => openSocketPort(url, token),
    overHttp: {
      readArtifact: (...name) => fetchBlob(new URL(artifactAddress(...name), url), token),
      exportExperiments: (ids, job) => {
        const query = new URLSearchParams([['job', job], ...(ids ?? []).map((id) => ['experiment', id])])
        return fetchBlob(new URL(`${FILES_PATH}?${query}`, url), token)
      },
      mergeFile: (file, job) => sendFile(new URL(`${FILES_PATH}?${new URLSearchParams({ job })}`, url), token, file)
    }
  })
}

function openSocketPort(url: string, token: string | null): StorePort {
  const address = new URL(LIVE_SOCKET_PATH, url)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(address, protocolsFor(token))
  const tunnel = new Tunnel(socket, {
    side: 'page',
    ports: true,
    readMessage: readLiveMessage,
    insteadOf: answerInstead
  })
  // Browsers give up after minutes.
  const patience = setTimeout(() => socket.readyState === WebSocket.CONNECTING && socket.close(), OPEN_WITHIN_MS)
  const opened = new Promise<void>((resolve) => socket.addEventListener('open', () => resolve()))
  const failed = tunnel.closed.then((code) => {
    clearTimeout(patience)
    throw closingError(code)
  })
  failed.catch(() => undefined)
  return {
    port: tunnel.root,
    opened,
    failed,
    lost: tunnel.closed.then(() => undefined),
    close: () => tunnel.close(CLOSE.done)
  }
}

function closingError(code: number): RunnelError {
  if (code === CLOSE.token) return new RunnelError('UNAUTHENTICATED', 'The host does not take this token.')
  return new RunnelError('TEMPORARILY_UNAVAILABLE', 'The host does not answer. Trying again.')
}

/** Over HTTP, where a large file streams to the browser's disk and holds nothing else up. */
async function fetchBlob(address: URL, token: string | null): Promise<Blob> {
  try {
    const response = await fetch(address, { headers: authorization(token) })
    if (!response.ok) throw await answerError(response)
    return await response.blob()
  } catch (error) {
    if (error instanceof RunnelError) throw error
    throw new RunnelError('TEMPORARILY_UNAVAILABLE', 'The host went away before it had sent the file. Try again.')
  }
}

/** Read by the browser as it is sent, however large it is. */
async function sendFile(address: URL, token: string | null, file: Blob): Promise<MergeOutcome> {
  try {
    const response = await fetch(address, { method: 'POST', headers: authorization(token), body: file })
    if (!response.ok) throw await answerError(response)
    return (await response.json()) as MergeOutcome
  } catch (error) {
    if (error instanceof RunnelError) throw error
    throw new RunnelError(
      'TEMPORARILY_UNAVAILABLE',
      'The host went away before it was done. Open the file again: nothing comes twice.'
    )
  }
}

const authorization = (token: string | null): Record<string, string> =>
  token === null ? {} : { Authorization: `Bearer ${token}` }

async function answerError(response: Response): Promise<RunnelError> {
  const { error_code: code, message } = (await response.json().catch(() => ({}))) as Readonly<Record<string, unknown>>
  if (isErrorCode(code) && typeof message === 'string') return new RunnelError(code, message)
  return new RunnelError('INTERNAL_ERROR', `The host answered with status ${response.status}.`)
}
