/**
 * Many ports over one socket.
 *
 *   page                                        host
 *   root port ═══ channel 0 ═══════════════════ root port
 *   a port that was posted ═══ channel 1 ══════ the port that came out      odd: opened by the page
 *   the port that came out ═══ channel 2 ══════ a port that was posted      even: opened by the host
 *
 * A MessagePort anywhere in a message is left here, and its channel's number travels in its place; the other end makes a port for it.
 * So Comlink's proxies and a notebook's port work as they do between a page and its worker.
 *
 * Invariants
 * - Messages of one socket arrive in the order they were posted, also when a Blob has to be read first.
 * - All ports close with the socket. A message for a channel that is closed already is dropped: its sender cannot know yet.
 * - What comes is refused by closing the socket: there is no way to go on after a message that was lost.
 * - Once this end has closed it, nothing that still comes is heard, however long the other end takes to let go.
 */
import { SOCKET } from '#lib/domain/limits.ts'
import { CLOSE } from './agreement.ts'
import { decodeFrame, encodeFrame, FrameError, type Encoded, type FrameKind } from './frame.ts'
import { SocketPort } from './port.ts'

/** What is used of a WebSocket: the browser's, Node's and that of `ws` have it alike. */
export interface Socket {
  binaryType: string
  readonly bufferedAmount: number
  readonly readyState: number
  send(bytes: Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { readonly code: number }) => void): void
}

export interface TunnelOptions {
  readonly side: 'page' | 'host'
  /** Whether messages may carry ports. */
  readonly ports: boolean
  /** What a message is made of, as it should be; fails with FrameError for one that must not reach any port. */
  readonly readMessage?: (message: unknown) => unknown
  /** What to send in place of a message no frame can hold; undefined for nothing. */
  readonly insteadOf?: (message: unknown, why: string) => unknown
}

const OPEN = 1

export class Tunnel {
  readonly root: SocketPort
  /** Resolves with the closing code when the socket is closed, whoever closed it. */
  readonly closed: Promise<number>
  readonly #socket: Socket
  readonly #options: TunnelOptions
  /** Ports of this end, by channel; each end counts its own channels. */
  readonly #ports = new Map<number, MessagePort>()
  #nextChannel: number
  #lastAccepted: number
  #isClosing = false
  /** Frames that wait for a Blob before them; null while there are none. */
  #outbox: Promise<void> | null = null

  constructor(socket: Socket, options: TunnelOptions) {
    this.#socket = socket
    this.#options = options
    this.#nextChannel = options.side === 'page' ? 1 : 2
    this.#lastAccepted = options.side === 'page' ? 0 : -1
    this.root = new SocketPort({
      send: (message) => this.#post(0, message),
      close: () => (this.#outbox === null ? this.close(CLOSE.done) : this.#later(() => this.close(CLOSE.done))),
      onThrow: (error) => this.#failed(error)
    })
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }) => this.#receive(data))
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', ({ code }) => {
        for (const port of this.#ports.values()) port.close()
        this.#ports.clear()
        this.root.end()
        resolve(code)
      })
    })
  }

  close(code: number, reason = ''): void {
    this.#isClosing = true
    this.#socket.close(code, reason)
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #post(channel: number, message: unknown): void {
    let frame: Encoded
    try {
      frame = this.#encode('message', channel, message)
    } catch (error) {
      const instead = this.#options.insteadOf?.(message, error instanceof Error ? error.message : String(error))
      if (instead === undefined) throw error
      frame = this.#encode('message', channel, instead)
    }
    this.#send(frame)
  }

  #encode(kind: FrameKind, channel: number, message?: unknown): Encoded {
    const { ports } = this.#options
    return ports
      ? encodeFrame(kind, channel, message, (port) => this.#openChannel(port))
      : encodeFrame(kind, channel, message)
  }

  #send(frame: Encoded): void {
    if (typeof frame !== 'function' && this.#outbox === null) this.#transmit(frame)
    else this.#later(async () => this.#transmit(typeof frame === 'function' ? await frame() : frame))
  }

  /** Do something once everything that waits for a Blob has been sent. */
  #later(work: () => void | Promise<void>): void {
    const after = (this.#outbox ?? Promise.resolve())
      .then(work)
      .catch((error: unknown) => this.#failed(error))
      .then(() => {
        if (this.#outbox === after) this.#outbox = null
      })
    this.#outbox = after
  }

  #transmit(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState !== OPEN) return
    // A notebook sends what credit allows; a page is sent what it watches, and may not read it.
    if (this.#options.side === 'host' && this.#socket.bufferedAmount > SOCKET.waitingBytes)
      return this.close(CLOSE.slow, 'The page does not keep up.')
    this.#socket.send(frame)
  }

  /** Leave a port here, under a new number. */
  #openChannel(port: MessagePort): number {
    if (this.#ports.size >= SOCKET.channels) throw new FrameError('Too many ports are open.')
    const channel = this.#nextChannel
    this.#nextChannel += 2
    this.#join(channel, port)
    return channel
  }

  #join(channel: number, port: MessagePort): void {
    this.#ports.set(channel, port)
    // Newer browsers and Node say when the other end of a port is closed.
    port.addEventListener('close', () => this.#shut(channel))
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      try {
        this.#post(channel, data)
      } catch (error) {
        this.#failed(error)
      }
    }
  }

  #shut(channel: number): void {
    if (this.#ports.delete(channel)) this.#send(this.#encode('close', channel))
  }

  // ── receiving ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #receive(data: unknown): void {
    if (this.#isClosing) return
    try {
      if (!(data instanceof ArrayBuffer)) throw new FrameError('Only binary messages are read here.')
      const ports: MessagePort[] = []
      const { kind, channel, value } = decodeFrame(
        data,
        (number) => this.#acceptChannel(number, ports),
        this.#options.side === 'host' ? SOCKET.values : Infinity
      )
      if (kind === 'close') return this.#closed(channel)
      const message = this.#options.readMessage === undefined ? value : this.#options.readMessage(value)
      if (channel === 0) this.#receiveRoot(message, data.byteLength)
      else this.#ports.get(channel)?.postMessage(message, ports)
    } catch (error) {
      this.#failed(error)
    }
  }

  #receiveRoot(message: unknown, bytes: number): void {
    this.root.receive(message, bytes)
    if (this.root.heldBytes > SOCKET.heldBytes) throw new FrameError('More was sent than can be held.')
  }

  #acceptChannel(channel: number, ports: MessagePort[]): MessagePort {
    const isTheirs = channel % 2 === (this.#options.side === 'host' ? 1 : 0)
    if (!this.#options.ports || !isTheirs || !Number.isSafeInteger(channel) || channel <= this.#lastAccepted)
      throw new FrameError('A channel was opened twice, or with a wrong number.')
    if (this.#ports.size >= SOCKET.channels) throw new FrameError('Too many ports are open.')
    this.#lastAccepted = channel
    const { port1, port2 } = new MessageChannel()
    this.#join(channel, port1)
    ports.push(port2)
    return port2
  }

  #closed(channel: number): void {
    const port = this.#ports.get(channel)
    this.#ports.delete(channel)
    port?.close()
  }

  #failed(error: unknown): void {
    if (error instanceof FrameError) return this.close(CLOSE.malformed, error.message)
    console.warn('Runnel: a socket was closed.', error)
    this.close(CLOSE.failed, 'Something failed.')
  }
}
