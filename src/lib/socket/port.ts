/** What the ends of a connection need of a port: a MessagePort has it, and so has a socket's. */
export interface Port {
  onmessage: ((event: MessageEvent) => void) | null
  postMessage(message: unknown, transfer?: Transferable[]): void
  addEventListener(type: string, listener: EventListenerOrEventListenerObject): void
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject): void
  start(): void
  close(): void
}

export interface SocketPortParts {
  readonly send: (message: unknown) => void
  readonly close: () => void
  /** A listener threw: there is nobody to catch it but the socket's owner. */
  readonly onThrow: (error: unknown) => void
}

/** A MessagePort's manners over a socket: what comes is held until somebody listens, and arrives in order, in a task of its own. */
export class SocketPort implements Port {
  readonly #parts: SocketPortParts
  readonly #listeners = new Map<string, Set<EventListenerOrEventListenerObject>>()
  /** What came before somebody listened; null once it is handed over. */
  #held: unknown[] | null = []
  #heldBytes = 0
  #isStarted = false
  #isClosed = false
  #onmessage: ((event: MessageEvent) => void) | null = null

  constructor(parts: SocketPortParts) {
    this.#parts = parts
  }

  get onmessage(): ((event: MessageEvent) => void) | null {
    return this.#onmessage
  }

  set onmessage(listener: ((event: MessageEvent) => void) | null) {
    this.#onmessage = listener
    this.start()
  }

  /** Bytes of what nobody has listened to yet. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  postMessage(message: unknown): void {
    if (!this.#isClosed) this.#parts.send(message)
  }

  addEventListener(type: string, listener: EventListenerOrEventListenerObject): void {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(listener))
  }

  removeEventListener(type: string, listener: EventListenerOrEventListenerObject): void {
    this.#listeners.get(type)?.delete(listener)
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    // Not at once: who starts a port may add its listener right after.
    queueMicrotask(() => {
      const held = this.#held ?? []
      this.#held = null
      this.#heldBytes = 0
      for (const message of held) this.#deliver(message)
    })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#parts.close()
  }

  /** A message has come over the socket. */
  receive(message: unknown, bytes: number): void {
    if (this.#isClosed) return
    if (this.#held === null) return this.#deliver(message)
    this.#held.push(message)
    this.#heldBytes += bytes
  }

  /** The socket is gone: say so, as newer browsers say it of a MessagePort. */
  end(): void {
    this.#isClosed = true
    this.#dispatch(new Event('close'))
  }

  #deliver(data: unknown): void {
    if (!this.#isClosed) this.#dispatch(new MessageEvent('message', { data }))
  }

  #dispatch(event: Event): void {
    const listeners = [...(this.#listeners.get(event.type) ?? [])]
    if (event.type === 'message' && this.#onmessage !== null) listeners.push(this.#onmessage as EventListener)
    for (const listener of listeners) {
      try {
        if (typeof listener === 'function') listener(event)
        else listener.handleEvent(event)
      } catch (error) {
        this.#parts.onThrow(error)
      }
    }
  }
}
