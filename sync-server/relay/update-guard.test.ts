import * as encoding from 'lib0/encoding'
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { seededRandom } from '#lib/demo/random.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { keysHash } from '#lib/domain/sync/key-lists.ts'
import { noteRoot, ROOM_CLOSE, type RoomKind } from '#lib/sync/agreement.ts'
import { addFrame, KEY, someFacts, updateOf, WRITER } from '../../tests/support/relay.ts'
import { Refusal } from './refusal.ts'
import { GAP, UpdateGuard } from './update-guard.ts'
import { scanUpdate } from './update-scan.ts'
import { cpuMs } from '../../tests/support/cpu-ms.ts'

const now = Date.now()
const LIST = '["p/lr","loss"]'

/** A room's document and its guard; `check` says `ok`, `gap`, or the code a connection would be closed with. */
function guarded(kind: RoomKind = 'x', doc = new Y.Doc()) {
  const guard = new UpdateGuard(doc, kind, () => now)
  const check = (update: Uint8Array): 'ok' | 'gap' | number => {
    try {
      return guard.check(update) === GAP ? 'gap' : 'ok'
    } catch (error) {
      if (error instanceof Refusal) return error.closeCode
      throw error
    }
  }
  const take = (update: Uint8Array): 'ok' | 'gap' | number => {
    const verdict = check(update)
    if (verdict === 'ok') Y.applyUpdate(doc, update)
    return verdict
  }
  return { doc, check, take }
}

/** An update by hand: numbers as varuints, texts as texts, bytes as they are. */
type Part = number | string | Uint8Array | readonly Part[]

const raw = (...parts: readonly Part[]): Uint8Array =>
  encoding.encode((encoder) => {
    const write = (part: Part): void => {
      if (typeof part === 'number') encoding.writeVarUint(encoder, part)
      else if (typeof part === 'string') encoding.writeVarString(encoder, part)
      else if (part instanceof Uint8Array) encoding.writeUint8Array(encoder, part)
      else part.forEach(write)
    }
    write(parts)
  })

const set = (root: string, key: string, value: unknown): Uint8Array =>
  updateOf((doc) => void doc.getMap(root).set(key, value))

describe('an update of a room of facts', () => {
  test('[RG1] adds lists of keys, records, tails and their frames, also beside what is there', () => {
    const room = guarded()
    const client = new Y.Doc()
    const changes: ((doc: Y.Doc) => void)[] = [
      (doc) => doc.getMap('s').set(keysHash(LIST), LIST),
      (doc) => addFrame(doc, someFacts(1)),
      (doc) => addFrame(doc, someFacts(2)),
      (doc) => doc.getMap('f').set(KEY, someFacts(1)),
      (doc) =>
        doc.transact(() => {
          doc.getMap('f').set(KEY, someFacts(2))
          doc.getMap('t').delete(KEY)
        }),
      (doc) => addFrame(doc, someFacts(3)),
      (doc) => doc.getMap('f').set(`${KEY}~BBBBBBBBBBB`, someFacts(3))
    ]
    expect(changes.map((change) => room.take(updateOf(change, client)))).toEqual(changes.map(() => 'ok'))
    expect(room.doc.getMap('f').size).toBe(2)
    expect(guarded().take(Y.encodeStateAsUpdate(client))).toBe('ok')
    expect(room.take(Y.encodeStateAsUpdate(client))).toBe('ok')
  })

  test('[RG2] that writes where nobody may is refused, whatever the name', () => {
    const roots = ['m', 'notes', 'experiments', 'other', '__proto__', 'constructor', 'toString', '']
    for (const root of roots) expect(guarded().check(set(root, KEY, someFacts())), root).toBe(ROOM_CLOSE.malformed)
    expect(guarded().check(updateOf((doc) => doc.getArray('f').push([someFacts()])))).toBe(ROOM_CLOSE.malformed)
    expect(guarded().check(updateOf((doc) => doc.getText('t').insert(0, 'a')))).toBe(ROOM_CLOSE.malformed)
  })

  test('[RG3] has keys of the subject and the writer, by the kind of room', () => {
    const ulid = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
    const good = { x: ['x1', 'x123456789012345', 'rabc-1', 'lm-abc'], g: ['mMy%20model%201%2F%C3%A9', `v${ulid}`] }
    for (const kind of ['x', 'g'] as const)
      for (const subject of good[kind])
        expect(guarded(kind).check(set('f', `${subject}:${WRITER}`, someFacts())), subject).toBe('ok')
    const bad = [
      '',
      'r:',
      `x:${WRITER}`,
      `xa:${WRITER}`,
      `r1:${WRITER}=`,
      `r1:${WRITER}~`,
      `q1:${WRITER}`,
      'r1:short',
      `r.1:${WRITER}`,
      '__proto__'
    ]
    for (const key of [...bad, `v${ulid}:${WRITER}`, `mForest:${WRITER}`])
      expect(guarded('x').check(set('f', key, someFacts())), key).toBe(ROOM_CLOSE.malformed)
    for (const subject of ['r1', 'x1', 'm', 'mMy model', 'm%41', 'm%ff', `v${ulid.toLowerCase()}`])
      expect(guarded('g').check(set('f', `${subject}:${WRITER}`, someFacts())), subject).toBe(ROOM_CLOSE.malformed)
    expect(guarded().check(set('s', 'lr', '[]'))).toBe(ROOM_CLOSE.malformed)
  })

  test('[RG4] holds bytes as facts, arrays of them as tails, texts as lists of keys, and nothing else', () => {
    const hash = '0123456789abcdef'
    for (const value of ['text', 1, true, null, { a: 1 }, [1], new Y.Map(), new Y.Text('a'), new Y.Array()])
      expect(guarded().check(set('f', KEY, value))).toBe(ROOM_CLOSE.malformed)
    for (const value of ['text', 1, someFacts(), new Y.Map(), new Y.Text('a'), new Y.XmlElement('p'), new Y.Doc()])
      expect(guarded().check(set('t', KEY, value))).toBe(ROOM_CLOSE.malformed)
    for (const value of [1, null, someFacts(), { a: 1 }, new Y.Array()])
      expect(guarded().check(set('s', hash, value))).toBe(ROOM_CLOSE.malformed)
    for (const frame of ['text', 1, { a: 1 }, new Y.Array()])
      expect(guarded().check(updateOf((doc) => addFrame(doc, frame as unknown as Uint8Array)))).toBe(
        ROOM_CLOSE.malformed
      )
  })

  test('[RG5] has frames, records and lists of keys no larger than they may be', () => {
    const frame = (size: number) => updateOf((doc) => addFrame(doc, someFacts(1, { size })))
    expect(guarded().check(frame(SYNC.frameBytes))).toBe('ok')
    expect(guarded().check(frame(SYNC.frameBytes + 1))).toBe(ROOM_CLOSE.tooLarge)
    const record = (size: number) => set('f', KEY, someFacts(1, { size }))
    expect(guarded().check(record(SYNC.recordBytes))).toBe('ok')
    expect(guarded().check(record(SYNC.recordBytes + 1))).toBe(ROOM_CLOSE.tooLarge)
    const keys = (length: number) => {
      const list = JSON.stringify(['k'.repeat(length - 4)])
      return set('s', keysHash(list), list)
    }
    expect(guarded().check(keys(SYNC.keysLength))).toBe('ok')
    expect(guarded().check(keys(SYNC.keysLength + 1))).toBe(ROOM_CLOSE.tooLarge)
  })

  test('[RG6] of facts that are still to come, or of no form known here, is refused with the code for it', () => {
    const at = (ms: number) => updateOf((doc) => addFrame(doc, someFacts(1, { ms })))
    expect(guarded().check(at(now + SYNC.aheadMs))).toBe('ok')
    expect(guarded().check(at(now + SYNC.aheadMs + 1))).toBe(ROOM_CLOSE.clock)
    for (const bytes of [new Uint8Array(), new Uint8Array([9, 0, 1, 1, 0]), new Uint8Array([1, 0])]) {
      expect(guarded().check(updateOf((doc) => addFrame(doc, bytes)))).toBe(ROOM_CLOSE.clock)
      expect(guarded().check(set('f', KEY, bytes))).toBe(ROOM_CLOSE.clock)
    }
  })

  test('[RG7] names lists of keys by what is in them', () => {
    const room = guarded()
    const list = '["a"]'
    expect(room.take(set('s', keysHash(list), list))).toBe('ok')
    expect(room.take(set('s', keysHash(list), list))).toBe('ok')
    expect(room.take(set('s', keysHash(list), '["b"]'))).toBe(ROOM_CLOSE.malformed)
    for (const text of ['', '{', '{}', '[1]'])
      expect(room.take(set('s', keysHash(text), text))).toBe(ROOM_CLOSE.malformed)
  })

  test('[RG8] neither overwrites nor deletes what is the host’s own', () => {
    const room = guarded()
    room.doc.getMap('m').set('format', 1)
    const client = new Y.Doc()
    Y.applyUpdate(client, Y.encodeStateAsUpdate(room.doc))
    expect(room.check(Y.encodeStateAsUpdate(client))).toBe('ok')
    expect(room.check(updateOf((doc) => doc.getMap('m').set('format', 2), client))).toBe(ROOM_CLOSE.malformed)
    const other = new Y.Doc()
    Y.applyUpdate(other, Y.encodeStateAsUpdate(room.doc))
    expect(room.check(updateOf((doc) => doc.getMap('m').delete('format'), other))).toBe(ROOM_CLOSE.malformed)
  })

  test('[RG9] that comes late to a tail that was folded is taken, and keeps no bytes', () => {
    const room = guarded()
    const [writer, late] = [new Y.Doc(), new Y.Doc()]
    room.take(updateOf((doc) => addFrame(doc), writer))
    Y.applyUpdate(late, Y.encodeStateAsUpdate(writer))
    const frames = [1, 2].map((n) => updateOf((doc) => addFrame(doc, someFacts(n, { size: 1000 })), late))
    room.take(updateOf((doc) => doc.getMap('t').delete(KEY), writer))
    expect(frames.map((frame) => room.take(frame))).toEqual(['ok', 'ok'])
    expect(Y.encodeStateAsUpdate(room.doc).length).toBeLessThan(200)
  })
})

describe('an update of notes, or of an index', () => {
  test('[RG10] of notes types texts together, by run, and nothing else', () => {
    const room = guarded('n')
    const client = new Y.Doc()
    const note = client.getText(noteRoot('exp'))
    expect(room.take(updateOf(() => note.insert(0, '# Notes'), client))).toBe('ok')
    expect(room.take(updateOf(() => note.insert(3, 'a🙂b'), client))).toBe('ok')
    expect(room.take(updateOf(() => note.delete(2, 3), client))).toBe('ok')
    expect(room.doc.getText(noteRoot('exp')).toJSON()).toBe(note.toJSON())
    expect(room.take(updateOf((doc) => doc.getText(noteRoot('run_1')).insert(0, 'a')))).toBe('ok')
    const refused: ((text: Y.Text) => void)[] = [
      (text) => text.format(0, 2, { bold: true }),
      (text) => text.insert(0, 'a', { bold: true }),
      (text) => text.insertEmbed(0, { image: 'x' }),
      (text) => text.insertEmbed(0, new Y.Map()),
      (text) => text.setAttribute('a', 1)
    ]
    for (const change of refused) {
      const doc = new Y.Doc()
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(room.doc))
      const text = doc.getText(noteRoot('exp'))
      expect(room.check(updateOf(() => change(text), doc)), String(change)).toBe(ROOM_CLOSE.malformed)
    }
    for (const value of ['a', 1, new Y.Array(), new Y.Map(), new Y.Text('a')])
      expect(room.check(set(noteRoot('exp'), 'exp', value))).toBe(ROOM_CLOSE.malformed)
    for (const root of [noteRoot('a.b'), noteRoot(''), 'notes', '__proto__'])
      expect(room.check(updateOf((doc) => doc.getText(root).insert(0, 'a'))), root).toBe(ROOM_CLOSE.malformed)
    expect(room.check(set('f', KEY, someFacts()))).toBe(ROOM_CLOSE.malformed)
  })

  test('[RG13] begun by two at once, apart, is one note with what both wrote', () => {
    const room = guarded('n')
    for (const text of ['one ', 'two '])
      expect(room.take(updateOf((doc) => doc.getText(noteRoot('exp')).insert(0, text)))).toBe('ok')
    expect(room.doc.getText(noteRoot('exp')).toJSON()).toMatch(/^(one two |two one )$/)
  })

  test('[RG11] of an index is the host’s alone', () => {
    expect(guarded('i').check(set('experiments', '1', '{"name":"a"}'))).toBe(ROOM_CLOSE.malformed)
  })
})

describe('an attack by update', () => {
  test('[RA1] twelve bytes that claim a victim’s clock for a thousand million of its writes are refused', () => {
    const victim = new Y.Doc()
    victim.clientID = 1234
    const bomb = raw(1, 1, victim.clientID, 0, new Uint8Array([0]), 1e9, 0)
    expect(bomb.length).toBeLessThanOrEqual(12)
    const room = guarded()
    expect(room.take(bomb)).toBe(ROOM_CLOSE.tooLarge)
    expect(room.take(updateOf((doc) => addFrame(doc), victim))).toBe('ok')
    expect(room.doc.getMap('t').size).toBe(1)
  })

  test('[RA2] 3,000 updates whose predecessor is missing leave nothing behind, in time that grows with their number', () => {
    const client = new Y.Doc()
    const updates = Array.from({ length: 3001 }, (_, i) => updateOf((doc) => addFrame(doc, someFacts(i + 1)), client))
    const room = guarded()
    const ms = cpuMs(() => {
      for (const update of updates.slice(1)) expect(room.take(update)).toBe('gap')
    })
    expect(room.doc.store.pendingStructs).toBeNull()
    expect(room.doc.store.clients.size).toBe(0)
    expect(ms).toBeLessThan(1000)
    expect(room.take(Y.encodeStateAsUpdate(client))).toBe('ok')
  })

  test('[RA3] deletions of what is not there are a gap, too', () => {
    expect(guarded().take(raw(0, 1, 7, 1, 0, 5))).toBe('gap')
    const room = guarded()
    room.take(updateOf((doc) => addFrame(doc)))
    const [client] = room.doc.store.clients.keys()
    expect(room.take(raw(0, 1, client!, 1, 1, 50))).toBe('gap')
    expect(room.doc.store.pendingDs).toBeNull()
  })

  test('[RA4] 1.4 MB of deleted items and holes in turn are refused before one of them is made', () => {
    const parts: Uint8Array[] = []
    for (let i = 0; i < 350_000; i++) parts.push(new Uint8Array(i % 2 === 0 ? [0, 1] : [0x81, 7, 0, 1]))
    const update = raw(1, parts.length, 7, 0, parts, 0)
    expect(update.length).toBeLessThan(SYNC.updateBytes)
    const ms = cpuMs(() => expect(guarded().check(update)).toBe(ROOM_CLOSE.tooLarge))
    expect(ms).toBeLessThan(500)
  })

  test('[RA5] types 20,000 deep are refused, from the root down and inside what is there', () => {
    const nested = (depth: number): Uint8Array => {
      const parts: Part[] = [new Uint8Array([0x27]), 1, 't', KEY, 0]
      for (let i = 1; i < depth; i++) parts.push(new Uint8Array([0x07]), 0, 7, i - 1, 0)
      return raw(1, depth, 7, 0, parts, 0)
    }
    expect(guarded().check(nested(1))).toBe('ok')
    expect(guarded().check(nested(2))).toBe(ROOM_CLOSE.malformed)
    expect(guarded().check(nested(20_000))).toBe(ROOM_CLOSE.malformed)
    const room = guarded()
    room.take(nested(1))
    expect(room.check(raw(1, 1, 8, 0, new Uint8Array([0x07]), 0, 7, 0, 0, 0))).toBe(ROOM_CLOSE.malformed)
  })

  test('[RA6] values 100,000 deep are refused without reading them', () => {
    const depth = 100_000
    const deep = new Uint8Array(2 * depth + 1).fill(117)
    for (let i = 1; i < deep.length; i += 2) deep[i] = 1
    deep[deep.length - 1] = 126
    const update = raw(1, 1, 7, 0, new Uint8Array([0x28]), 1, 's', '0123456789abcdef', 1, deep, 0)
    expect(guarded().check(update)).toBe(ROOM_CLOSE.malformed)
  })

  test('[RA7] an update of the other format is refused at once, and no code here reads that format', () => {
    const doc = new Y.Doc()
    for (let i = 0; i < 100; i++) addFrame(doc, someFacts(i + 1))
    const endless = new Uint8Array([
      0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 1, 1, 0, 2, 1, 0, 0, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0
    ])
    for (const update of [Y.encodeStateAsUpdateV2(doc), endless]) {
      const ms = cpuMs(() => expect(guarded().check(update)).toBe(ROOM_CLOSE.malformed))
      expect(ms).toBeLessThan(500)
    }
    const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    expect(files.length).toBeGreaterThan(10)
    for (const file of files)
      expect(readFileSync(`${import.meta.dirname}/${file}`, 'utf8'), file).not.toMatch(/\w+V2\(/)
  })

  test('[RA8] counts that promise more than there are bytes are refused at once', () => {
    const most = Number.MAX_SAFE_INTEGER
    const lies = [
      raw(most),
      raw(1, most, 7, 0),
      raw(1, 1, most, most, new Uint8Array([0]), most),
      raw(0, most),
      raw(0, 1, 7, most)
    ]
    for (const update of lies) {
      const ms = cpuMs(() => expect(guarded().check(update)).toBeGreaterThanOrEqual(4400))
      expect(ms).toBeLessThan(500)
    }
    expect(guarded().check(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))).toBe(4400)
  })

  test('[RA9] bent bytes never break a document: what passes is applied whole', () => {
    const random = seededRandom(20_260_101)
    const client = new Y.Doc()
    client.getMap('s').set(keysHash(LIST), LIST)
    for (let i = 0; i < 5; i++) addFrame(client, someFacts(i + 1))
    client.getMap('f').set(KEY, someFacts(1))
    client.getMap('f').set(KEY, someFacts(2))
    const update = Y.encodeStateAsUpdate(client)
    const seen = new Map<unknown, number>()
    for (let i = 0; i < 20_000; i++) {
      const bent = update.slice()
      for (let flips = 1 + Math.floor(random() * 2); flips > 0; flips--)
        bent[Math.floor(random() * bent.length)]! ^= 1 << Math.floor(random() * 8)
      const room = guarded()
      const verdict = room.take(bent)
      seen.set(verdict, (seen.get(verdict) ?? 0) + 1)
      const { pendingStructs, pendingDs } = room.doc.store
      if (pendingStructs !== null || pendingDs !== null) throw new Error(`Case ${i} left something pending.`)
      const roots = [...room.doc.share.keys()].filter((root) => !'mstf'.includes(root))
      if (roots.length > 0) throw new Error(`Case ${i} made ${roots.join()}.`)
    }
    expect([...seen.keys()]).toEqual(expect.arrayContaining(['ok', 'gap', ROOM_CLOSE.malformed]))
  })

  test('[RA10] random bytes are refused', () => {
    const random = seededRandom(7)
    for (let i = 0; i < 20_000; i++) {
      const bytes = Uint8Array.from({ length: 3 + Math.floor(random() * 60) }, () => Math.floor(random() * 256))
      expect(guarded().take(bytes)).not.toBe('ok')
    }
  })

  test('[RA11] parts that wait for one another, or for themselves, are refused or change nothing', () => {
    const beside = (client: number, clock: number) => [client, clock] as const
    const self = raw(1, 1, 7, 0, new Uint8Array([0x83]), ...beside(7, 0), 1, new Uint8Array([1]), 0)
    expect(guarded().check(self)).toBe(ROOM_CLOSE.malformed)
    const room = guarded()
    room.take(updateOf((doc) => addFrame(doc)))
    const [there] = room.doc.store.clients.keys()
    const between = [new Uint8Array([0xc3]), ...beside(there!, 1), ...beside(7, 0), 20, someFacts(1, { size: 20 })]
    expect(room.take(raw(1, 1, 7, 0, between, 0))).toBe(ROOM_CLOSE.malformed)
    const item = (client: number, other: number) => [
      1,
      client,
      0,
      new Uint8Array([0x83]),
      ...beside(other, 0),
      1,
      new Uint8Array([1])
    ]
    expect(guarded().check(raw(2, ...item(8, 7), ...item(7, 8), 0))).toBe(ROOM_CLOSE.malformed)
    const inside = (client: number, other: number) => [1, client, 0, new Uint8Array([0x07]), 0, ...beside(other, 0), 0]
    expect(guarded().check(raw(2, ...inside(8, 7), ...inside(7, 8), 0))).toBe(ROOM_CLOSE.malformed)
  })

  test('[RA12] deletions of the same again and again, a client named twice, and bytes that follow are refused', () => {
    const room = guarded()
    room.take(updateOf((doc) => addFrame(doc)))
    const [client] = room.doc.store.clients.keys()
    const again = Array.from({ length: 100_000 }, () => [0, 2]).flat()
    expect(room.check(raw(0, 1, client!, 100_000, again))).toBe(ROOM_CLOSE.malformed)
    expect(room.check(raw(0, 2, client!, 1, 0, 1, client!, 1, 1, 1))).toBe(ROOM_CLOSE.malformed)
    const gone = [1, 7, 0, new Uint8Array([0]), 1]
    expect(room.check(raw(2, ...gone, ...gone, 0))).toBe(ROOM_CLOSE.malformed)
    expect(room.check(raw(0, 0, 0))).toBe(ROOM_CLOSE.malformed)
  })

  test('[RA13] a key that names a prototype is refused, and no object gets one', () => {
    expect(guarded().check(set('t', '__proto__', new Y.Array()))).toBe(ROOM_CLOSE.malformed)
    expect(guarded('n').check(updateOf((doc) => doc.getText(noteRoot('__proto__')).insert(0, 'a')))).toBe('ok')
    expect(({} as { a?: unknown }).a).toBeUndefined()
  })

  test('[RA14] a row of 50,000 frames at once is looked at in time that grows with their number', () => {
    const client = new Y.Doc()
    const frames = Array.from({ length: 50_000 }, (_, i) => someFacts(i + 1, { size: 20 }))
    client.getMap('t').set(KEY, Y.Array.from(frames))
    const update = Y.encodeStateAsUpdate(client)
    const ms = cpuMs(() => expect(guarded().check(update)).toBe('ok'))
    expect(ms).toBeLessThan(1500)
  })
})

test('[RG12] an update is read as Yjs reads it', () => {
  const random = seededRandom(11)
  for (let round = 0; round < 200; round++) {
    const docs = [new Y.Doc(), new Y.Doc()]
    for (let i = 0; i < 20; i++) {
      const doc = docs[i % 2]!
      const key = `r${Math.floor(random() * 3)}:${WRITER}`
      const dice = random()
      if (dice < 0.5) addFrame(doc, someFacts(i + 1), key)
      else if (dice < 0.75) doc.getMap('f').set(key, someFacts(i + 1))
      else if (dice < 0.87) doc.getMap('t').delete(key)
      else Y.applyUpdate(doc, Y.encodeStateAsUpdate(docs[(i + 1) % 2]!))
    }
    const update = Y.encodeStateAsUpdate(docs[0]!)
    const theirs = Y.decodeUpdate(update)
    const ours = scanUpdate(update, { structs: 1e6, clocks: 1e9 })
    expect([...ours.structs.values()].flat().map(({ client, clock, length }) => [client, clock, length])).toEqual(
      theirs.structs.map(({ id, length }) => [id.client, id.clock, length])
    )
    const deletes = [...theirs.ds.clients].flatMap(([client, items]) =>
      items.map(({ clock, len }) => [client, clock, len])
    )
    expect(ours.deletions.map(({ client, clock, length }) => [client, clock, length])).toEqual(deletes)
  }
})
