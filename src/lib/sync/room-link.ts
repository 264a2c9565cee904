/**
 * One room of a host, as this store has it: its document, kept at one with the host's while it can be reached.
 *
 *   snapshot over HTTP ─► document ─► socket (y-websocket) ─► live            4409: begun again ─► from the snapshot
 *                                     token before each connection            4401, 4403, 4404 …: refused, with the reason
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { Awareness } from 'y-protocols/awareness'
import { messageYjsSyncStep1, messageYjsSyncStep2 } from 'y-protocols/sync'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { RunnelError } from '#lib/domain/errors.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { protocolsFor } from '#lib/socket/agreement.ts'
import { MESSAGE, ROOM_CLOSE, ROOMS_PATH } from './agreement.ts'
import type { HostLink } from './host-link.ts'
import { Outbound } from './outbound.ts'

export type LinkState = 'connecting' | 'live' | 'offline' | 'refused'

export interface RoomLinkOptions {
  readonly host: HostLink
  readonly room: string
  /**
   * What this store kept of the document, if it keeps it: a Yjs update. Facts need none: their document is thrown away where that helps, as all
   * that it says is in the store.
   */
  readonly kept?: () => Promise<Uint8Array | null>
  /** The document is there: called for each new one, with how to let go of it, before its socket opens. */
  readonly onDocument: (doc: Y.Doc, awareness: Awareness, outbound: Outbound) => Promise<() => Promise<void>>
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
  #outbound: Outbound | null = null
  /** Of the host's document that this one is of. */
  #epoch: string | null = null
  #letGo: (() => Promise<void>) | null = null
  #isClosed = false
  #timer: ReturnType<typeof setTimeout> | null = null
  #failures = 0
  /** Whether the document was thrown away since the host last took something, as it said times to come. */
  #isSetRight = false
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
    return this.#outbound?.isAcknowledged ?? true
  }

  start(): void {
    this.#attempt()
  }

  /** Try at once, also what was refused. */
  retry(): void {
    if (this.#state === 'live' || this.#isClosed) return
    this.#failures = 0
    this.#isSetRight = false
    this.#options.host.forgetToken()
    if (this.#timer) clearTimeout(this.#timer)
    // What was refused is not sent once more as it was.
    if (this.#state === 'refused' && this.#options.kept === undefined) this.#dropSoon()
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
    const outbound = new Outbound(doc, this.#options.onState)
    const provider = this.#open(doc, outbound)
    this.#doc = doc
    this.#outbound = outbound
    this.#provider = provider
    this.#letGo = await this.#options.onDocument(doc, provider.awareness, outbound)
  }

  #resume(provider: WebsocketProvider, token: string): void {
    provider.protocols = protocolsFor(token)
    provider.connect()
  }

  #open(doc: Y.Doc, outbound: Outbound): WebsocketProvider {
    const { host, room } = this.#options
    const provider = new WebsocketProvider(host.address.replace(/^http/, 'ws') + ROOMS_PATH, room, doc, {
      connect: false,
      disableBc: true,
      // Each connection shows a token that is good then: this says when the next is tried.
      shouldReconnect: () => false
    })
    provider.messageHandlers[MESSAGE.ack] = (_encoder, decoder) => {
      const [client, clock] = [decoding.readVarUint(decoder), decoding.readVarUint(decoder)]
      if (client !== doc.clientID) return
      this.#isSetRight = false
      outbound.acknowledge(clock)
    }
    const hearSync = provider.messageHandlers[MESSAGE.sync]!
    let isGivenUp = false
    provider.messageHandlers[MESSAGE.sync] = (encoder, decoder, ...rest) => {
      if (decoding.peekVarUint(decoder) !== messageYjsSyncStep1) return hearSync(encoder, decoder, ...rest)
      decoding.readVarUint(decoder)
      const missing = missingFrom(doc, decoding.readVarUint8Array(decoder), outbound)
      // It has more than can be told in one piece: what the host has is fetched, and the rest of it said anew.
      if (missing.length > SYNC.answerBytes && this.#options.kept === undefined) {
        if (!isGivenUp && provider === this.#provider) this.#again()
        isGivenUp = true
        return
      }
      encoding.writeVarUint(encoder, MESSAGE.sync)
      encoding.writeVarUint(encoder, messageYjsSyncStep2)
      encoding.writeVarUint8Array(encoder, missing)
    }
    provider.on('sync', (isSynced: boolean) => {
      if (!isSynced || isGivenUp) return
      this.#failures = 0
      outbound.open()
      this.#set('live')
    })
    provider.on('connection-close', (event: CloseEvent | null) => {
      outbound.shut()
      if (provider === this.#provider && !isGivenUp) this.#closed(event)
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
    // The next token sets the clock right, and a new document says nothing of times to come: once, as another clock may be wrong.
    if (code === ROOM_CLOSE.clock && !this.#isSetRight && this.#options.kept === undefined) {
      this.#isSetRight = true
      return this.#again()
    }
    // A token may just have run out, and the next be good: only asking tells.
    if (code === ROOM_CLOSE.token && this.#failures === 0) return this.#soon()
    this.#set('refused', event?.reason || reason)
  }

  /** From the beginning: what this store has to say it says into the new document. */
  #again(): void {
    this.#dropSoon()
    this.#soon()
  }

  #dropSoon(): void {
    this.#working = this.#working.then(() => this.#drop())
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
    const [provider, doc, outbound, letGo] = [this.#provider, this.#doc, this.#outbound, this.#letGo]
    this.#provider = null
    this.#doc = null
    this.#outbound = null
    this.#epoch = null
    this.#letGo = null
    await outbound?.close()
    await letGo?.()
    provider?.destroy()
    doc?.destroy()
  }
}

/** What a document has and its host has not, as one update. Fails as decoding does. */
function missingFrom(doc: Y.Doc, vector: Uint8Array, outbound: Outbound): Uint8Array {
  const has = Y.decodeStateVector(vector)
  has.set(doc.clientID, outbound.resumeFrom(has.get(doc.clientID) ?? 0))
  return Y.encodeStateAsUpdate(doc, Y.encodeStateVector(has))
}

/** Closings that trying again does not mend. */
const REFUSALS: Readonly<Record<number, string>> = {
  [ROOM_CLOSE.malformed]: 'The host could not read what this browser sent.',
  [ROOM_CLOSE.token]: 'What was shared with you has ended, or is another by now.',
  [ROOM_CLOSE.role]: 'You may look at this, and not change it.',
  [ROOM_CLOSE.gone]: 'This is no longer shared.',
  [ROOM_CLOSE.tooLarge]: 'What this browser has to say is more than the host takes.',
  [ROOM_CLOSE.tooLong]: 'What this browser has to say is more than the host takes.',
  [ROOM_CLOSE.clock]: 'The clock of this computer is wrong: set it right, and try again.'
}
