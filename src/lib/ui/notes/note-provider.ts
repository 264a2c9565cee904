/**
 * A page's end of the notes of an experiment: a document that is kept the same as the host's, over a message port.
 *
 *   closed ──► opening ──► together ──► (the port died, the room closed) opening …      refused: the host says no, until somebody tries again
 *
 * The port carries y-websocket's messages, each as `{t: 'note', m: bytes}`. The document outlives its ports: what was typed while there
 * was none is told to the next one, as both begin by saying what they have.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as awarenessProtocol from 'y-protocols/awareness'
import * as syncProtocol from 'y-protocols/sync'
import * as Y from 'yjs'
import { RunnelError } from '#lib/domain/errors.ts'
import { MESSAGE, noteRoot } from '#lib/sync/agreement.ts'
import { NAMELESS, personColorDigits } from '../sharing/people.ts'

export type NoteState = 'opening' | 'together' | 'refused'

export interface NoteProviderParts {
  /** What the note is of: a run's id, or null for the experiment's own. */
  readonly runId: string | null
  /** Hand a port to the host. Rejects with a RunnelError: one that is unavailable is tried again. */
  readonly open: (port: MessagePort) => Promise<void>
  /** Whether there is a host to hand it to. */
  readonly isConnected: () => boolean
  /** Called when that may have changed. */
  readonly onConnection: (listener: () => void) => () => void
  /** What others see of this person. */
  readonly name: string
  /** Says nothing of the document itself: a host sends away whoever writes without leave. */
  readonly isReader: boolean
}

type NoteMessage = { readonly t: 'note'; readonly m: Uint8Array } | { readonly t: 'bye' }

const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 10_000

export class NoteProvider {
  readonly doc = new Y.Doc()
  readonly awareness = new awarenessProtocol.Awareness(this.doc)
  readonly text: Y.Text
  readonly #parts: NoteProviderParts
  readonly #listeners = new Set<() => void>()
  readonly #stopFollowing: () => void
  #state: NoteState = 'opening'
  #problem: string | null = null
  #hasSynced = false
  #port: MessagePort | null = null
  #retry: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #isDestroyed = false

  constructor(parts: NoteProviderParts) {
    this.#parts = parts
    this.text = this.doc.getText(noteRoot(parts.runId ?? 'exp'))
    this.introduce(parts.name)
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== this && !parts.isReader) this.#send(MESSAGE.sync, (to) => syncProtocol.writeUpdate(to, update))
    })
    this.awareness.on('update', (_changes: unknown, origin: unknown) => {
      if (origin !== this) this.#sendPresence()
    })
    this.#stopFollowing = parts.onConnection(() => this.#follow())
    this.#follow()
  }

  get state(): NoteState {
    return this.#state
  }

  /** Why it was refused; null otherwise. */
  get problem(): string | null {
    return this.#problem
  }

  /** Whether the document is known: before that it is empty, whatever was written. */
  get hasSynced(): boolean {
    return this.#hasSynced
  }

  /** Say what others see of this person. */
  introduce(name: string): void {
    this.awareness.setLocalStateField('user', { name })
  }

  /** Called after any of those changed. */
  onState(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tryAgain(): void {
    if (this.#state === 'refused') this.#lost()
  }

  destroy(): void {
    this.#isDestroyed = true
    clearTimeout(this.#retry)
    this.#stopFollowing()
    // Others need not wait until they miss this page.
    awarenessProtocol.removeAwarenessStates(this.awareness, [this.doc.clientID], 'left')
    this.#closePort()
    this.doc.destroy()
  }

  // ── the port ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #follow(): void {
    const isConnected = this.#parts.isConnected()
    if (!isConnected && this.#port !== null) this.#lost()
    else if (isConnected && this.#port === null && this.#state === 'opening') void this.#open()
  }

  async #open(): Promise<void> {
    clearTimeout(this.#retry)
    if (this.#isDestroyed || !this.#parts.isConnected()) return
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.onmessage = ({ data }: MessageEvent<NoteMessage>) => {
      if (data.t === 'note') this.#hear(data.m)
      else if (this.#port === port1) this.#lost()
    }
    // Where browsers say so; a host that dies takes its session along, too.
    port1.addEventListener('close', () => this.#port === port1 && this.#lost())
    this.#send(MESSAGE.sync, (to) => syncProtocol.writeSyncStep1(to, this.doc))
    this.#sendPresence()
    try {
      await this.#parts.open(port2)
    } catch (error) {
      if (this.#port === port1) this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    const isAway = error instanceof RunnelError && error.code === 'TEMPORARILY_UNAVAILABLE'
    this.#closePort()
    if (isAway) return this.#lost()
    this.#problem = error instanceof Error ? error.message : String(error)
    this.#set('refused')
  }

  /** Try again: soon, and ever later while it fails. */
  #lost(): void {
    this.#closePort()
    if (this.#isDestroyed) return
    this.#problem = null
    this.#set('opening')
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#follow(), wait)
  }

  #closePort(): void {
    if (this.#port === null) return
    this.#port.onmessage = null
    // Ports say nothing when they are closed: the host would miss this page for a while.
    this.#port.postMessage({ t: 'bye' } satisfies NoteMessage)
    this.#port.close()
    this.#port = null
    // Nobody says any more where others are.
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.doc.clientID)
    awarenessProtocol.removeAwarenessStates(this.awareness, others, this)
  }

  #set(state: NoteState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }

  // ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #hear(message: Uint8Array): void {
    const decoder = decoding.createDecoder(message)
    switch (decoding.readVarUint(decoder)) {
      case MESSAGE.sync:
        return this.#hearSync(decoder)
      case MESSAGE.awareness:
        return this.#hearPresence(decoding.readVarUint8Array(decoder))
      case MESSAGE.queryAwareness:
        return this.#sendPresence()
    }
  }

  #hearPresence(update: Uint8Array): void {
    const colored = awarenessProtocol.modifyAwarenessUpdate(update, withColor)
    awarenessProtocol.applyAwarenessUpdate(this.awareness, colored, this)
  }

  #hearSync(decoder: decoding.Decoder): void {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, MESSAGE.sync)
    const step = syncProtocol.readSyncMessage(decoder, encoder, this.doc, this)
    if (step === syncProtocol.messageYjsSyncStep1) {
      if (!this.#parts.isReader) this.#post(encoding.toUint8Array(encoder))
      return
    }
    if (step !== syncProtocol.messageYjsSyncStep2) return
    this.#failures = 0
    this.#hasSynced = true
    this.#set('together')
  }

  #sendPresence(): void {
    this.#send(MESSAGE.awareness, (to) =>
      encoding.writeVarUint8Array(to, awarenessProtocol.encodeAwarenessUpdate(this.awareness, [this.doc.clientID]))
    )
  }

  #send(about: number, write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, about)
    write(encoder)
    this.#post(encoding.toUint8Array(encoder))
  }

  #post(bytes: Uint8Array): void {
    this.#port?.postMessage({ t: 'note', m: bytes } satisfies NoteMessage)
  }
}

/** Everybody has the colour they have elsewhere, whatever they say: what is drawn with it comes from here. */
function withColor(state: unknown): unknown {
  if (typeof state !== 'object' || state === null) return state
  const { name } = ((state as { readonly user?: unknown }).user ?? {}) as { readonly name?: unknown }
  const shown = typeof name === 'string' && name.trim() !== '' ? name.trim() : NAMELESS
  return { ...state, user: { name: shown, color: personColorDigits(shown) } }
}
