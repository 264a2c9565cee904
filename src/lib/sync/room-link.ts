/**
 * One room of a host, as this store has it: its document, kept at one with the host's while it can be reached.
 *
 *   snapshot over HTTP ─► document ─► socket (y-websocket) ─► live            4409: begun again ─► from the snapshot
 *                                     token before each connection            4401, 4403, 4404 …: refused, with the reason
 */
import * as decoding from 'lib0/decoding'
import type { Awareness } from 'y-protocols/awareness'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { RunnelError } from '#lib/domain/errors.ts'
import { protocolsFor } from '#lib/socket/agreement.ts'
import { MESSAGE, ROOM_CLOSE, ROOMS_PATH } from './agreement.ts'
import type { HostLink } from './host-link.ts'

export type LinkState = 'connecting' | 'live' | 'offline' | 'refused'

export interface RoomLinkOptions {
  readonly host: HostLink
  readonly room: string
  /** What this store kept of the document, if it keeps it: a Yjs update. Facts need none. */
  readonly kept?: () => Promise<Uint8Array | null>
  /** The document is there: called for each new one, with how to let go of it, before its socket opens. */
  readonly onDocument: (doc: Y.Doc, awareness: Awareness) => Promise<() => Promise<void>>
  readonly onState: () => void
}

/** Between attempts, ms. */
const RETRY_MS = 1000
const LONGEST_RETRY_MS = 30_000

export class RoomLink {
  readonly #options: RoomLinkOptions
  #state: LinkState = 'connecting'
  #problem: string | null = null
  #provider: WebsocketProvider | null = null
  #doc: Y.Doc | null = null
  /** Of the host's document that this one is of. */
  #epoch: string | null = null
  #letGo: (() => Promise<void>) | null = null
  #isClosed = false
  #timer: ReturnType<typeof setTimeout> | null = null
  #failures = 0
  /** Own updates that were made, and up to where the host has them on disk. */
  #acked = 0
  #working: Promise<void> = Promise.resolve()

  constructor(options: RoomLinkOptions) {
    this.#options = options
  }

  get state(): LinkState {
    return this.#state
  }

  /** Why it is refused, or cannot be reached. */
  get problem(): string | null {
    return this.#problem
  }

  get awareness(): Awareness | null {
    return this.#provider?.awareness ?? null
  }

  /** Whether all this store wrote into the document is on the host's disk. */
  get isAcknowledged(): boolean {
    const doc = this.#doc
    return doc === null || this.#acked >= Y.getState(doc.store, doc.clientID)
  }

  start(): void {
    this.#attempt()
  }

  /** Try at once, also what was refused. */
  retry(): void {
    if (this.#state === 'live' || this.#isClosed) return
    this.#failures = 0
    this.#options.host.forgetToken()
    if (this.#timer) clearTimeout(this.#timer)
    this.#attempt()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#working
    await this.#drop()
  }

  #set(state: LinkState, problem: string | null = null): void {
    if (this.#isClosed || (state === this.#state && problem === this.#problem)) return
    this.#state = state
    this.#problem = problem
    this.#options.onState()
  }

  #attempt(): void {
    this.#timer = null
    this.#working = this.#working.then(() => this.#connect()).catch((error: unknown) => this.#failed(error))
  }

  async #connect(): Promise<void> {
    if (this.#isClosed) return
    if (this.#state !== 'offline') this.#set('connecting')
    const { host, room, kept } = this.#options
    // What was kept can be worked on with the host away.
    if (kept !== undefined && this.#provider === null) await this.#begin(await kept())
    const { token } = await host.token()
    if (this.#provider !== null && this.#epoch !== null) return this.#resume(this.#provider, token)
    const { epoch, bytes } = await host.snapshot(room)
    if (this.#provider === null) await this.#begin(bytes)
    else Y.applyUpdate(this.#doc!, bytes, 'snapshot')
    if (this.#isClosed) return
    this.#epoch = epoch
    this.#provider!.params = { epoch, ack: '1' }
    this.#resume(this.#provider!, token)
  }

  async #begin(update: Uint8Array | null): Promise<void> {
    const doc = new Y.Doc()
    if (update !== null && update.length > 0) Y.applyUpdate(doc, update, 'snapshot')
    const provider = this.#open(doc)
    this.#doc = doc
    this.#acked = 0
    this.#provider = provider
    this.#letGo = await this.#options.onDocument(doc, provider.awareness)
  }

  #resume(provider: WebsocketProvider, token: string): void {
    provider.protocols = protocolsFor(token)
    provider.connect()
  }

  #open(doc: Y.Doc): WebsocketProvider {
    const { host, room } = this.#options
    const provider = new WebsocketProvider(host.address.replace(/^http/, 'ws') + ROOMS_PATH, room, doc, {
      connect: false,
      disableBc: true,
      // Each connection shows a token that is good then: this says when the next is tried.
      shouldReconnect: () => false
    })
    provider.messageHandlers[MESSAGE.ack] = (_encoder, decoder) => {
      const [client, clock] = [decoding.readVarUint(decoder), decoding.readVarUint(decoder)]
      if (client !== doc.clientID || clock <= this.#acked) return
      this.#acked = clock
      this.#options.onState()
    }
    provider.on('sync', (isSynced: boolean) => {
      if (!isSynced) return
      this.#failures = 0
      this.#set('live')
    })
    provider.on('connection-close', (event: CloseEvent | null) => {
      if (provider === this.#provider) this.#closed(event)
    })
    return provider
  }

  #closed(event: CloseEvent | null): void {
    if (this.#isClosed) return
    // y-websocket would come back by itself with the token it has.
    if (this.#provider) this.#provider.shouldConnect = false
    const code = event?.code ?? 0
    if (code === ROOM_CLOSE.epoch) return this.#again()
    const reason = REFUSALS[code]
    if (reason === undefined) return this.#later('The host cannot be reached.')
    this.#options.host.forgetToken()
    // A token may just have run out, and the next be good: only asking tells.
    if (code === ROOM_CLOSE.token && this.#failures === 0) return this.#soon()
    this.#set('refused', event?.reason || reason)
  }

  /** From the beginning: what this store has to say it says into the new document. */
  #again(): void {
    this.#working = this.#working.then(() => this.#drop())
    this.#soon()
  }

  #soon(): void {
    this.#failures++
    this.#timer = setTimeout(() => this.#attempt(), this.#failures > 3 ? RETRY_MS : 0)
  }

  #later(problem: string): void {
    this.#set('offline', problem)
    const wait = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** this.#failures++)
    this.#timer = setTimeout(() => this.#attempt(), wait * (0.5 + Math.random() / 2))
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return
    if (!(error instanceof RunnelError)) console.warn('Runnel: a shared room could not be opened.', error)
    const code = error instanceof RunnelError ? error.code : 'INTERNAL_ERROR'
    if (code === 'TEMPORARILY_UNAVAILABLE' || code === 'INTERNAL_ERROR' || code === 'REQUEST_LIMIT_EXCEEDED')
      return this.#later(error instanceof Error ? error.message : String(error))
    this.#options.host.forgetToken()
    this.#set('refused', error instanceof Error ? error.message : String(error))
  }

  async #drop(): Promise<void> {
    const [provider, doc, letGo] = [this.#provider, this.#doc, this.#letGo]
    this.#provider = null
    this.#doc = null
    this.#epoch = null
    this.#letGo = null
    await letGo?.()
    provider?.destroy()
    doc?.destroy()
  }
}

/** Closings that trying again does not mend. */
const REFUSALS: Readonly<Record<number, string>> = {
  [ROOM_CLOSE.malformed]: 'The host could not read what this browser sent.',
  [ROOM_CLOSE.token]: 'What was shared with you has ended, or is another by now.',
  [ROOM_CLOSE.role]: 'You may look at this, and not change it.',
  [ROOM_CLOSE.gone]: 'This is no longer shared.',
  [ROOM_CLOSE.tooLarge]: 'What this browser has to say is more than the host takes.',
  [ROOM_CLOSE.clock]: 'The clock of this computer is wrong: set it right, and try again.'
}
