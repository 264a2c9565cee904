/**
 * What Comlink's messages may be when they come over a network.
 *
 * Comlink walks any path from what is exposed and calls what it finds (`constructor.constructor` is the way to run text as code), and it
 * throws where nobody catches when an argument is not as it expects. Between a page and its worker that is nobody's way in; a socket is.
 * So of its messages only calls of the protocol's methods pass, and the answers to them, rebuilt field by field.
 */
import { FrameError } from '#lib/socket/frame.ts'
import type { LiveDoor, LiveSession } from './protocol.ts'

/** Every method of the door and of a session; a callback is called by itself. */
const METHODS = {
  alive: 0,
  open: 0,
  info: 0,
  watch: 0,
  unwatch: 0,
  command: 0,
  consentFor: 0,
  admit: 0,
  present: 0,
  openNote: 0,
  close: 0
} as const satisfies Record<keyof LiveDoor | keyof LiveSession, 0>

const LONGEST_ID = 100
const MOST_ARGUMENTS = 8

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The same message, when it is one of the live protocol or of a notebook's port; fails with FrameError for any other. */
export function readLiveMessage(message: unknown): unknown {
  if (!isFields(message)) throw new FrameError('A message is no object.')
  if (typeof message['t'] === 'string') return notForComlink(message)
  const { id, type } = message
  if (typeof id !== 'string' || id.length > LONGEST_ID) throw new FrameError('A message has no id.')
  if (type === 'APPLY')
    return { id, type, path: readPath(message['path']), argumentList: readArguments(message['argumentList']) }
  if (type === 'RELEASE') return { id, type }
  return { id, ...readValue(message) }
}

/** A notebook's message goes to a notebook's port, where it is checked again. Sent to another, it must mean nothing there. */
function notForComlink(message: Fields): Fields {
  if ('type' in message || 'argumentList' in message) throw new FrameError('A message is of two kinds.')
  return message
}

function readPath(path: unknown): string[] {
  if (!Array.isArray(path) || path.length > 1) throw new FrameError('Nothing lies that deep.')
  const [name] = path as unknown[]
  if (path.length === 0) return []
  if (typeof name !== 'string' || !Object.hasOwn(METHODS, name)) throw new FrameError('There is no such method.')
  return [name]
}

function readArguments(values: unknown): unknown[] {
  if (!Array.isArray(values) || values.length > MOST_ARGUMENTS)
    throw new FrameError('The arguments of a call are no list.')
  return values.map((value: unknown) => {
    if (!isFields(value) || value['name'] === 'throw') throw new FrameError('An argument cannot be read.')
    return readValue(value)
  })
}

function readValue({ type, name, value }: Fields): Fields {
  if (type === 'RAW') return { type, value }
  if (type === 'HANDLER' && name === 'proxy' && value instanceof MessagePort) return { type, name, value }
  if (type === 'HANDLER' && name === 'throw' && isFields(value) && typeof value['isError'] === 'boolean')
    return { type, name, value: { isError: value['isError'], value: isFields(value['value']) ? value['value'] : {} } }
  throw new FrameError('A value cannot be read.')
}

/** An answer that no frame can hold is answered with why, so that nobody waits for it for ever. */
export function answerInstead(message: unknown, why: string): unknown {
  if (!isFields(message) || typeof message['id'] !== 'string' || message['type'] === 'APPLY') return undefined
  const error = { code: 'RESOURCE_EXHAUSTED', message: `The answer cannot be sent over this connection. ${why}` }
  return { id: message['id'], type: 'HANDLER', name: 'throw', value: { isError: false, value: error } }
}
