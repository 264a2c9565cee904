/**
 * A page edits the notes of an experiment: over its port goes what would go over a room's socket, and at this end is the room's document.
 *
 *   page ─► { t: 'note', m: message } ─► document, presence          document, others' presence ─► { t: 'note', m } ─► page
 *   either ─► { t: 'bye' } ─► the other, last of all
 *
 * Ports do not say that they are closed, and a document that is destroyed takes what is typed as if nothing were the matter. So a page is told
 * when it ends here: what it typed is in its own document, and it tells the next.
 *
 * The page is trusted as its host is: the guard is at the host that shares.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { MESSAGE } from './agreement.ts'

/** Notes as this end has them. */
export interface NotePlace {
  readonly doc: Y.Doc
  readonly mayWrite: boolean
  /** Where others are, as an awareness update; null when nobody is there. */
  others(): Uint8Array | null
  onOthers(listener: () => void): () => void
  /** Where this page's cursor is: JSON; null when it has left. */
  say(state: string | null): void
}

/** The end of a port that is a page's. */
export interface NotePort {
  postMessage(message: NoteMessage, transfer?: Transferable[]): void
  onmessage: ((event: MessageEvent) => void) | null
  close(): void
}

export interface NoteMessage {
  readonly t: 'note' | 'bye'
  readonly m?: Uint8Array
}

/** A page renews where it is every fifteen seconds; one that is silent this long is gone, whatever its port says. */
const LOST_MS = 45_000
const STEP = { one: 0, two: 1, update: 2 } as const

/**
 * Serve a page until it says goodbye, is silent for too long, the document is destroyed, or the function that is returned is called.
 *
 * onClose  called once, whatever ended it
 */
export function serveNotes(port: NotePort, place: NotePlace, onClose: () => void = () => undefined): () => void {
  let isOver = false
  let lost: ReturnType<typeof setTimeout> | undefined
  const send = (m: Uint8Array): void => port.postMessage({ t: 'note', m })
  const onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin !== port) send(syncMessage(STEP.update, update))
  }
  const tellOthers = (): void => {
    const others = place.others()
    if (others !== null) send(message(MESSAGE.awareness, others))
  }
  const stopOthers = place.onOthers(tellOthers)
  place.doc.on('update', onUpdate)
  const close = (): void => {
    if (isOver) return
    isOver = true
    clearTimeout(lost)
    place.doc.off('update', onUpdate)
    place.doc.off('destroy', close)
    stopOthers()
    place.say(null)
    port.onmessage = null
    // One that was only asleep opens another.
    port.postMessage({ t: 'bye' })
    port.close()
    onClose()
  }
  place.doc.on('destroy', close)
  const heard = (): void => {
    clearTimeout(lost)
    lost = setTimeout(close, LOST_MS)
  }
  port.onmessage = ({ data }: MessageEvent) => {
    const { t, m } = (data ?? {}) as Partial<NoteMessage>
    if (t === 'bye') return close()
    if (t !== 'note' || !(m instanceof Uint8Array)) return
    heard()
    try {
      hear(m, port, place, send)
    } catch (error) {
      console.warn('Runnel: a page said something of a note that cannot be read.', error)
      close()
    }
  }
  heard()
  send(syncMessage(STEP.one, Y.encodeStateVector(place.doc)))
  tellOthers()
  return close
}

function hear(bytes: Uint8Array, port: NotePort, place: NotePlace, send: (message: Uint8Array) => void): void {
  const decoder = decoding.createDecoder(bytes)
  const about = decoding.readVarUint(decoder)
  if (about === MESSAGE.awareness) return place.say(stateIn(decoding.readVarUint8Array(decoder)))
  if (about !== MESSAGE.sync) return
  const step = decoding.readVarUint(decoder)
  const content = decoding.readVarUint8Array(decoder)
  if (step === STEP.one) send(syncMessage(STEP.two, Y.encodeStateAsUpdate(place.doc, content)))
  else if (place.mayWrite) Y.applyUpdate(place.doc, content, port)
}

/** A page speaks for itself alone. */
function stateIn(update: Uint8Array): string | null {
  const decoder = decoding.createDecoder(update)
  let state: string | null = null
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    decoding.readVarUint(decoder)
    decoding.readVarUint(decoder)
    state = decoding.readVarString(decoder)
  }
  return state === 'null' ? null : state
}

const syncMessage = (step: number, content: Uint8Array): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, MESSAGE.sync)
    encoding.writeVarUint(encoder, step)
    encoding.writeVarUint8Array(encoder, content)
  })

const message = (about: number, content: Uint8Array): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, about)
    encoding.writeVarUint8Array(encoder, content)
  })
