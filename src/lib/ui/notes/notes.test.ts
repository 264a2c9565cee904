import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as syncProtocol from 'y-protocols/sync'
import { afterEach, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { RunnelError } from '#lib/domain/errors.ts'
import { MESSAGE } from '#lib/sync/agreement.ts'
import { NoteProvider } from './note-provider.ts'
import { personColorDigits } from '../sharing/people.ts'
import { listNames, otherWriters } from './writers.ts'

/** The other end of the ports: a document, and everybody told of what anybody says, as a room does. */
class Room {
  readonly doc = new Y.Doc()
  readonly ports = new Set<MessagePort>()
  /** What pages said: the first numbers of each message. */
  readonly heard: string[] = []

  constructor() {
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      for (const port of this.ports) if (port !== origin) this.#say(port, (to) => syncProtocol.writeUpdate(to, update))
    })
  }

  readonly open = (port: MessagePort): Promise<void> => {
    this.ports.add(port)
    port.onmessage = ({ data }: MessageEvent<{ t: 'note'; m: Uint8Array } | { t: 'bye' }>) => {
      if (data.t === 'note') this.#hear(port, data.m)
      else this.heard.push('bye')
    }
    this.#say(port, (to) => syncProtocol.writeSyncStep1(to, this.doc))
    return Promise.resolve()
  }

  /** As when a room closes: its pages are told. */
  dismiss(): void {
    const ports = [...this.ports]
    this.drop()
    for (const port of ports) port.postMessage({ t: 'bye' })
  }

  /** As when a host dies: no word is said. */
  drop(): void {
    for (const port of this.ports) port.onmessage = null
    this.ports.clear()
  }

  #hear(port: MessagePort, message: Uint8Array): void {
    const decoder = decoding.createDecoder(message)
    const about = decoding.readVarUint(decoder)
    if (about === MESSAGE.awareness) {
      this.heard.push('awareness')
      for (const other of this.ports) if (other !== port) other.postMessage({ t: 'note', m: message })
      return
    }
    this.heard.push(`sync ${message[1]}`)
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, MESSAGE.sync)
    syncProtocol.readSyncMessage(decoder, encoder, this.doc, port)
    if (encoding.length(encoder) > 1) port.postMessage({ t: 'note', m: encoding.toUint8Array(encoder) })
  }

  #say(port: MessagePort, write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, MESSAGE.sync)
    write(encoder)
    port.postMessage({ t: 'note', m: encoding.toUint8Array(encoder) })
  }
}

/** What a LiveClient is to a provider. */
class Connection {
  isConnected = true
  readonly #listeners = new Set<() => void>()

  readonly on = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  set(isConnected: boolean): void {
    this.isConnected = isConnected
    for (const listener of this.#listeners) listener()
  }
}

const opened: NoteProvider[] = []
afterEach(() => {
  for (const provider of opened.splice(0)) provider.destroy()
})

interface Wanted {
  readonly room: Room
  readonly name?: string
  readonly isReader?: boolean
  readonly connection?: Connection
  readonly open?: (port: MessagePort) => Promise<void>
}

const provide = ({
  room,
  name = 'ada',
  isReader = false,
  connection = new Connection(),
  open
}: Wanted): NoteProvider => {
  const provider = new NoteProvider({
    runId: 'r1',
    open: open ?? room.open,
    isConnected: () => connection.isConnected,
    onConnection: connection.on,
    name,
    isReader
  })
  opened.push(provider)
  return provider
}

const roomText = (room: Room): string => room.doc.getText('note/r1').toJSON()

test('[NP1] two pages write one text, and each knows the other', async () => {
  const room = new Room()
  const ada = provide({ room, name: 'ada' })
  const ben = provide({ room, name: 'ben' })
  await vi.waitFor(() => expect([ada.state, ben.state]).toEqual(['together', 'together']))
  ada.text.insert(0, 'left ')
  ben.text.insert(0, 'right ')
  await vi.waitFor(() => {
    expect(ada.text.toJSON()).toHaveLength('left right '.length)
    expect(ben.text.toJSON()).toBe(ada.text.toJSON())
    expect(roomText(room)).toBe(ada.text.toJSON())
  })
  ben.awareness.setLocalStateField('cursor', { anchor: null, head: null })
  await vi.waitFor(() => expect(otherWriters(ada.awareness.getStates(), ada.doc.clientID, 'ada')).toEqual(['ben']))
})

test('[NP8] a colour is never what somebody says it is', async () => {
  const room = new Room()
  const ada = provide({ room, name: 'ada' })
  const ben = provide({ room, name: 'ben' })
  ben.awareness.setLocalStateField('user', {
    id: 'b',
    name: ' ',
    color: 'red; background-image: url(//evil)',
    colorLight: 'x'
  })
  await vi.waitFor(() =>
    expect(ada.awareness.getStates().get(ben.doc.clientID)).toEqual({
      user: { name: 'Somebody', color: personColorDigits('Somebody') }
    })
  )
})

test('[NP2] what is typed while the host is gone reaches the next one, with all it has by then', async () => {
  const connection = new Connection()
  const before = new Room()
  let room = before
  const ada = provide({ room, connection, open: (port) => room.open(port) })
  await vi.waitFor(() => expect(ada.state).toBe('together'))
  ada.text.insert(0, 'one')
  await vi.waitFor(() => expect(roomText(before)).toBe('one'))
  before.drop()
  connection.set(false)
  expect([ada.state, ada.hasSynced]).toEqual(['opening', true])
  ada.text.insert(3, ' two')
  room = new Room()
  Y.applyUpdate(room.doc, Y.encodeStateAsUpdate(before.doc))
  room.doc.getText('note/r1').insert(0, 'zero ')
  connection.set(true)
  await vi.waitFor(() => {
    expect(ada.state).toBe('together')
    expect(ada.text.toJSON()).toBe('zero one two')
    expect(roomText(room)).toBe('zero one two')
  })
})

test('[NP9] a page that is sent away is not together, and takes what was typed to the next room', async () => {
  const before = new Room()
  let room = before
  const ada = provide({ room, open: (port) => room.open(port) })
  await vi.waitFor(() => expect(ada.state).toBe('together'))
  ada.text.insert(0, 'one')
  await vi.waitFor(() => expect(roomText(before)).toBe('one'))
  before.dismiss()
  ada.text.insert(3, ' two')
  room = new Room()
  await vi.waitFor(() => expect(ada.state).toBe('opening'))
  await vi.waitFor(() => expect(ada.state).toBe('together'), 5000)
  await vi.waitFor(() => expect(roomText(room)).toBe('one two'))
})

test('[NP3] a reader says where they are, and nothing of the text', async () => {
  const room = new Room()
  room.doc.getText('note/r1').insert(0, 'to be read')
  const reader = provide({ room, isReader: true })
  await vi.waitFor(() => expect(reader.text.toJSON()).toBe('to be read'))
  reader.text.insert(0, 'not sent ')
  room.doc.getText('note/r1').insert(10, '!')
  await vi.waitFor(() => expect(reader.text.toJSON()).toBe('not sent to be read!'))
  // One question for what there is; no answer (1), no update (2).
  expect([...new Set(room.heard)].sort()).toEqual(['awareness', 'sync 0'])
  expect(roomText(room)).toBe('to be read!')
})

test('[NP4] a host that is away is asked again, and one that refuses only when somebody says so', async () => {
  const room = new Room()
  const answers: (() => Promise<void>)[] = [
    () => Promise.reject(new RunnelError('TEMPORARILY_UNAVAILABLE', 'away')),
    () => Promise.reject(new RunnelError('PERMISSION_DENIED', 'You are out.'))
  ]
  const ada = provide({ room, open: (port) => answers.shift()?.() ?? room.open(port) })
  await vi.waitFor(() => expect([ada.state, ada.problem]).toEqual(['refused', 'You are out.']), 5000)
  expect(answers).toEqual([])
  ada.tryAgain()
  await vi.waitFor(() => expect([ada.state, ada.problem]).toEqual(['together', null]), 5000)
})

test('[NP5] who leaves is gone for others at once', async () => {
  const room = new Room()
  const ada = provide({ room, name: 'ada' })
  const ben = provide({ room, name: 'ben' })
  await vi.waitFor(() => expect(ben.awareness.getStates().has(ada.doc.clientID)).toBe(true))
  ada.destroy()
  await vi.waitFor(() => expect(ben.awareness.getStates().has(ada.doc.clientID)).toBe(false))
  await vi.waitFor(() => expect(room.heard.at(-1)).toBe('bye'))
})

test('[NP6] names of those who write, as a sentence has them', () => {
  const states = new Map<number, Record<string, unknown>>([
    [1, { user: { name: 'me' }, cursor: {} }],
    [2, { user: { name: 'me' }, cursor: {} }],
    [3, { user: { name: 'ada' } }],
    [4, { user: { name: 7 }, cursor: {} }]
  ])
  expect(otherWriters(states, 1, 'me')).toEqual(['Somebody', 'me (another page)'])
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd']].map(listNames)).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
    'a, b and 2 others'
  ])
})
