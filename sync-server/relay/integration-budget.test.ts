/** Updates put together so that Yjs finds places for their parts in quadratic time, and those of people, who must not be taken for such. */
import * as encoding from 'lib0/encoding'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { seededRandom } from '#lib/demo/random.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { keysHash } from '#lib/domain/sync/key-lists.ts'
import { noteRoot, ROOM_CLOSE, type RoomKind } from '#lib/sync/agreement.ts'
import { cpuMs } from '../../tests/support/cpu-ms.ts'
import { someFacts, WRITER } from '../../tests/support/relay.ts'
import { Refusal } from './refusal.ts'
import { GAP, UpdateGuard } from './update-guard.ts'

const NOTE = noteRoot('exp')

function guarded(kind: RoomKind = 'n', doc = new Y.Doc(), clock: () => number = () => 0) {
  const guard = new UpdateGuard(doc, kind, kind === 'n' ? clock : Date.now)
  const take = (update: Uint8Array): 'ok' | 'gap' | number => {
    try {
      if (guard.check(update) === GAP) return 'gap'
    } catch (error) {
      if (error instanceof Refusal) return error.closeCode
      throw error
    }
    Y.applyUpdate(doc, update)
    return 'ok'
  }
  return { doc, take }
}

/** A place in what a client wrote. */
type At = readonly [client: number, clock: number]

interface Piece {
  readonly client: number
  readonly clock: number
  readonly text: string
  readonly left?: At
  readonly right?: At
}

/** An update that types pieces, each beside others, or first in the note. */
function typed(pieces: readonly Piece[]): Uint8Array {
  return encoding.encode((encoder) => {
    const write = (...numbers: number[]): void => {
      for (const number of numbers) encoding.writeVarUint(encoder, number)
    }
    const clients = Map.groupBy(pieces, ({ client }) => client)
    write(clients.size)
    for (const [client, own] of clients) {
      write(own.length, client, own[0]!.clock)
      for (const { left, right, text } of own) {
        encoding.writeUint8(encoder, 4 | (left ? 0x80 : 0) | (right ? 0x40 : 0))
        if (left) write(...left)
        if (right) write(...right)
        if (!left && !right) {
          write(1)
          encoding.writeVarString(encoder, NOTE)
        }
        encoding.writeVarString(encoder, text)
      }
    }
    write(0)
  })
}

const HOST = 1e9
const range = <Result>(n: number, make: (i: number) => Result): Result[] => Array.from({ length: n }, (_, i) => make(i))
const long = (n: number): Piece => ({ client: HOST, clock: 0, text: 'a'.repeat(n) })

/** The last is of two who typed again and again before one another's, apart: it costs as it does when Yjs takes the one with the lesser number. */
const ATTACKS: Readonly<Record<string, (n: number) => Piece[]>> = {
  'each by a client of its own, before another letter of a long text': (n) => [
    long(n),
    ...range(n, (i): Piece => ({ client: 10 + i, clock: 0, text: 'x', right: [HOST, n - 1 - i] }))
  ],
  'all by one client': (n) => [
    long(n),
    ...range(n, (i): Piece => ({ client: 7, clock: i, text: 'x', right: [HOST, n - 1 - i] }))
  ],
  'each behind another letter, and at the end': (n) => [
    long(n),
    ...range(n, (i): Piece => ({ client: 10 + i, clock: 0, text: 'x', left: [HOST, n - 1 - i] }))
  ],
  'two rows at one place': (n) =>
    [7, 8].flatMap((client) =>
      range(n, (i): Piece => ({ client, clock: i, text: 'x', ...(i > 0 && { right: [client, i - 1] as const }) }))
    )
}

describe('an attack by what an update builds on', () => {
  test.each(Object.entries(ATTACKS))('[RA21] 5,000 parts, %s, are refused; what is taken is read soon', (_, attack) => {
    const [bomb, most] = [typed(attack(5000)), typed(attack(1500))]
    expect(cpuMs(() => expect(guarded().take(bomb)).toBe(ROOM_CLOSE.tooLarge))).toBeLessThan(1000)
    expect(cpuMs(() => expect(guarded().take(most)).toBe('ok'))).toBeLessThan(2000)
  })

  test('[RA22] 90,000 cuts of one text from its end are refused', () => {
    const n = 90_000
    const cuts = range(n, (i): Piece => ({
      client: 7,
      clock: i,
      text: 'x',
      left: [HOST, n - 1 - i],
      right: [HOST, n - i]
    }))
    expect(cpuMs(() => expect(guarded().take(typed([long(n + 1), ...cuts]))).toBe(ROOM_CLOSE.tooLarge))).toBeLessThan(
      4000
    )
  })

  test('[RA23] a list of keys that 20,000 parts each begin anew is refused', () => {
    const list = '["a"]'
    const update = encoding.encode((encoder) => {
      for (const number of [1, 20_000, 7, 0]) encoding.writeVarUint(encoder, number)
      for (let i = 0; i < 20_000; i++) {
        encoding.writeUint8(encoder, 8 | 0x20)
        encoding.writeVarUint(encoder, 1)
        for (const text of ['s', keysHash(list)]) encoding.writeVarString(encoder, text)
        encoding.writeVarUint(encoder, 1)
        encoding.writeAny(encoder, list)
      }
      encoding.writeVarUint(encoder, 0)
    })
    expect(cpuMs(() => expect(guarded('x').take(update)).toBe(ROOM_CLOSE.tooLarge))).toBeLessThan(2000)
  })

  test('[RA24] parts that wait for one another by what is on their right are refused before they are applied', () => {
    const n = 3000
    const ring = range(n, (i): Piece => ({
      client: 10 + i,
      clock: 0,
      text: 'x',
      left: [HOST, 0],
      right: [10 + ((i + n - 1) % n), 0]
    }))
    const room = guarded()
    expect(cpuMs(() => expect(room.take(typed([long(1), ...ring]))).toBe(ROOM_CLOSE.malformed))).toBeLessThan(1000)
    expect(room.doc.store.clients.size).toBe(0)
  })

  test.each(Object.entries(ATTACKS))('[RA25] nor does it come in one part at a time: %s', (_, attack) => {
    let now = 0
    const room = guarded('n', new Y.Doc(), () => now)
    const n = 4000
    const pieces = attack(n)
    const [first, rest] = pieces[0]!.client === HOST ? [pieces.slice(0, 1), pieces.slice(1)] : [[], pieces]
    if (first.length > 0) expect(room.take(typed(first))).toBe('ok')
    const refused = new Set<number>()
    for (const piece of rest) {
      now += 100
      const said = room.take(typed([piece]))
      if (typeof said === 'number') refused.add(said)
    }
    expect(refused.size).toBeGreaterThan(0)
    for (const code of refused) expect([ROOM_CLOSE.tooLarge, ROOM_CLOSE.tryLater]).toContain(code)
    const update = Y.encodeStateAsUpdate(room.doc)
    expect(cpuMs(() => Y.applyUpdate(new Y.Doc(), update))).toBeLessThan(2000)
  })

  test('[RA26] a document that costs too much already is looked through only so often, and written on', () => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, typed(ATTACKS['two rows at one place']!(4000)))
    let now = 0
    const room = guarded('n', doc, () => now)
    const client = new Y.Doc()
    Y.applyUpdate(client, Y.encodeStateAsUpdate(doc))
    const type = (): 'ok' | 'gap' | number => {
      const before = Y.encodeStateVector(client)
      client.getText(NOTE).insert(client.getText(NOTE).length, 'x')
      return room.take(Y.encodeStateAsUpdate(client, before))
    }
    const said = range(100, type)
    const looks = Math.floor(SYNC.burstLookedParts / 8200)
    expect(said.slice(0, looks - 1)).toEqual(range(looks - 1, () => 'ok'))
    expect(said.find((one) => one !== 'ok')).toBe(ROOM_CLOSE.tryLater)
    now += 60_000
    expect(room.take(Y.encodeStateAsUpdate(client))).toBe('ok')
    expect(room.doc.getText(NOTE).length).toBe(8100)
  })
})

/** People who type, move about and delete, each in a document of theirs, and hear of one another after every `lag` edits. */
function written(people: number, edits: number, lag: number, onEdit: (update: Uint8Array) => void): Y.Doc {
  const random = seededRandom(5)
  const docs = range(people, (i) => {
    const doc = new Y.Doc()
    doc.clientID = 100 + i
    return doc
  })
  const cursors = docs.map(() => 0)
  const meet = (): void => {
    const all = Y.mergeUpdates(docs.map((doc) => Y.encodeStateAsUpdate(doc)))
    for (const doc of docs) Y.applyUpdate(doc, all, 'others')
  }
  for (const doc of docs)
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'others') onEdit(update)
    })
  for (let i = 1; i <= edits; i++) {
    const at = Math.floor(random() * people)
    const text = docs[at]!.getText(NOTE)
    const dice = random()
    let cursor = Math.min(cursors[at]!, text.length)
    if (dice < 0.2) cursor = Math.floor(random() * (text.length + 1))
    else if (dice < 0.25) cursor = text.length
    const words = dice > 0.95 ? 'a whole sentence. ' : 'x'
    if (dice > 0.3 && dice < 0.45 && cursor > 0) text.delete(--cursor, 1)
    else text.insert(cursor, words)
    cursors[at] = cursor + words.length
    if (i % lag === 0) meet()
  }
  meet()
  return docs[0]!
}

describe('what people bring', () => {
  test('[RG14] a note by five in 20,000 edits is taken, whole', () => {
    const doc = written(5, 20_000, 500, () => undefined)
    expect(guarded().take(Y.encodeStateAsUpdate(doc))).toBe('ok')
  })

  test('[RG15] and as it is typed, by five who hear late of one another', () => {
    const said: unknown[] = []
    const room = guarded()
    written(5, 5000, 40, (update) => said.push(room.take(update)))
    expect(said.filter((one) => one !== 'ok')).toEqual([])
  })

  test('[RG16] two who were apart for 5,000 edits each come together', () => {
    const doc = written(2, 10_000, 10_000, () => undefined)
    expect(guarded().take(Y.encodeStateAsUpdate(doc))).toBe('ok')
  })

  test('[RG17] the facts of 10,000 runs, with their tails and what took the place of what, in time that grows with their number', () => {
    const doc = new Y.Doc()
    const runs = range(10_000, (i) => `rrun-${i}:${WRITER}`)
    for (const [i, key] of runs.entries()) {
      doc.getMap('f').set(key, someFacts(1, { size: 200 }))
      const list = JSON.stringify([`p/lr${i % 1000}`])
      doc.getMap('s').set(keysHash(list), list)
    }
    const later = new Y.Doc()
    Y.applyUpdate(later, Y.encodeStateAsUpdate(doc))
    for (const key of runs.slice(0, 5000)) later.getMap('f').set(key, someFacts(2, { size: 200 }))
    for (const key of runs.slice(0, 1000))
      later.getMap('t').set(key, Y.Array.from(range(10, (n) => someFacts(n + 3, { size: 60 }))))
    const update = Y.encodeStateAsUpdate(later)
    expect(cpuMs(() => expect(guarded('x').take(update)).toBe('ok'))).toBeLessThan(4000)
  })
})
