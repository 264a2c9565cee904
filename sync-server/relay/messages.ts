/** What a room says, as y-websocket has it: a number for what it is about, then y-protocols' own message. */
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { MESSAGE } from '#lib/sync/agreement.ts'

/** Of a sync message, the second number. */
export const SYNC_STEP = { one: 0, two: 1, update: 2 } as const

const message = (write: (encoder: encoding.Encoder) => void): Uint8Array => encoding.encode(write)

const syncMessage = (step: number, bytes: Uint8Array): Uint8Array =>
  message((encoder) => {
    encoding.writeVarUint(encoder, MESSAGE.sync)
    encoding.writeVarUint(encoder, step)
    encoding.writeVarUint8Array(encoder, bytes)
  })

/** What a document has: its reader answers with what it lacks. */
export const stepOne = (doc: Y.Doc): Uint8Array => syncMessage(SYNC_STEP.one, Y.encodeStateVector(doc))
export const stepTwo = (update: Uint8Array): Uint8Array => syncMessage(SYNC_STEP.two, update)
export const updateMessage = (update: Uint8Array): Uint8Array => syncMessage(SYNC_STEP.update, update)

export const awarenessMessage = (update: Uint8Array): Uint8Array =>
  message((encoder) => {
    encoding.writeVarUint(encoder, MESSAGE.awareness)
    encoding.writeVarUint8Array(encoder, update)
  })

/** What `client` wrote before `clock` is on disk. */
export const ackMessage = (client: number, clock: number): Uint8Array =>
  message((encoder) => {
    encoding.writeVarUint(encoder, MESSAGE.ack)
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, clock)
  })

/** Nobody's presence: says only that the host is there. y-websocket counts no ping of the socket's own. */
export const KEEP_ALIVE = awarenessMessage(new Uint8Array([0]))
