import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SOCKET } from '#lib/domain/limits.ts'
import { decodeFrame, encodeFrame, FrameError } from './frame.ts'

async function throughBytes(value: unknown): Promise<unknown> {
  const encoded = encodeFrame('message', 7, value)
  const frame = decodeFrame((typeof encoded === 'function' ? await encoded() : encoded).buffer)
  expect(frame).toMatchObject({ kind: 'message', channel: 7 })
  return frame.value
}

/** A frame by hand, with whatever head and segments. */
function frameOf(head: string, segments = new Uint8Array(), headBytes = new TextEncoder().encode(head).length) {
  const bytes = new TextEncoder().encode(head)
  const frame = new Uint8Array(10 + bytes.length + segments.length)
  const view = new DataView(frame.buffer)
  view.setUint8(0, 1)
  view.setUint32(6, headBytes)
  frame.set(bytes, 10)
  frame.set(segments, 10 + bytes.length)
  return frame.buffer
}

const numbers = fc.double({ noDefaultInfinity: false, noNaN: false })
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constant(undefined),
    fc.constant(null),
    fc.boolean(),
    numbers,
    fc.string({ unit: 'binary' }),
    fc.float64Array(),
    fc.uint16Array(),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 5, noNullPrototype: true }
    )
  )
})).value

describe('frames', () => {
  test('[SK1] carry every value a port would, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(plain, async (value) => {
        expect(await throughBytes(value)).toStrictEqual(value)
      }),
      { numRuns: 300 }
    )
    expect(Object.is(await throughBytes(-0), -0)).toBe(true)
    const odd = { $: 'number', v: 'NaN', inner: { $: 1 } }
    expect(await throughBytes(odd)).toStrictEqual(odd)
    expect(await throughBytes('\ud800 alone')).toBe('\ud800 alone')
  })

  test('[SK2] carry arrays with buffers of their own, a view as the part it shows', async () => {
    const all = Float64Array.from({ length: 1000 }, (_, i) => i)
    const { bytes, part } = (await throughBytes({ bytes: new Uint8Array([1, 2, 3]), part: all.subarray(3, 5) })) as {
      bytes: Uint8Array
      part: Float64Array
    }
    expect([...part]).toEqual([3, 4])
    expect(part.buffer.byteLength).toBe(16)
    expect(bytes.buffer.byteLength).toBe(3)
    expect(encodeFrame('message', 0, all.subarray(3, 5))).toHaveProperty(
      'byteLength',
      expect.toSatisfy((n) => n < 200)
    )
  })

  test('[SK3] carry Blobs with their type', async () => {
    const value = (await throughBytes({ a: new Blob(['ä'], { type: 'text/plain' }), b: new Blob([]) })) as {
      a: Blob
      b: Blob
    }
    expect([await value.a.text(), value.a.type, value.b.size]).toEqual(['ä', 'text/plain', 0])
  })

  test('[SK4] refuse what they cannot carry', () => {
    const loop: Record<string, unknown> = {}
    loop['again'] = loop
    const own = JSON.parse('{"__proto__": 1}') as unknown
    for (const value of [
      () => 1,
      Symbol('s'),
      new Map(),
      new Date(),
      new (class A {})(),
      1n,
      loop,
      own,
      new MessageChannel().port1
    ])
      expect(() => encodeFrame('message', 0, value)).toThrow(FrameError)
    expect(() => encodeFrame('message', 0, new Uint8Array(SOCKET.frameBytes))).toThrow(/at most 64 MB/)
  })

  test('[SK5] hostile ones are refused', () => {
    const nested = (depth: number) => `{"s":[],"v":${'['.repeat(depth)}${']'.repeat(depth)}}`
    const hostile: [string, ArrayBuffer][] = [
      ['nothing', new ArrayBuffer(0)],
      ['a header alone', new ArrayBuffer(10)],
      ['another version', new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0, 0]).buffer],
      ['an unknown kind', new Uint8Array([1, 9, 0, 0, 0, 0, 0, 0, 0, 0]).buffer],
      ['a head that ends behind the frame', frameOf('{"s":[],"v":1}', undefined, 4_294_967_295)],
      ['no JSON', frameOf('{"s":[],')],
      ['no UTF-8', frameOf('', new Uint8Array([0xff]), 1)],
      ['no object', frameOf('[1]')],
      ['no message', frameOf('{"s":[]}')],
      ['a long segment', frameOf('{"s":[9007199254740991],"v":1}')],
      ['a negative segment', frameOf('{"s":[-1],"v":1}')],
      ['bytes nobody asked for', frameOf('{"s":[],"v":1}', new Uint8Array(1))],
      ['a segment that is not there', frameOf('{"s":[],"v":{"$":"array","k":"Uint8Array","i":0}}')],
      [
        'a segment used twice',
        frameOf('{"s":[1],"v":[{"$":"blob","k":"","i":0},{"$":"blob","k":"","i":0}]}', new Uint8Array(1))
      ],
      ['half a number', frameOf('{"s":[7],"v":{"$":"array","k":"Float64Array","i":0}}', new Uint8Array(7))],
      ['an array of no kind', frameOf('{"s":[0],"v":{"$":"array","k":"constructor","i":0}}')],
      ['an unknown tag', frameOf('{"s":[],"v":{"$":"eval"}}')],
      ['a number that is none', frameOf('{"s":[],"v":{"$":"number","v":"12"}}')],
      ['a port where none may be', frameOf('{"s":[],"v":{"$":"port","c":1}}')],
      ['a prototype', frameOf('{"s":[],"v":{"a":{"__proto__":{"admin":true}}}}')],
      ['a prototype beside a tag', frameOf('{"s":[],"v":{"$":"object","v":{"$":1,"__proto__":{}}}}')],
      ['deep nesting', frameOf(nested(SOCKET.depth + 2))],
      ['very deep nesting', frameOf(nested(1_000_000))],
      ['more values than can be built', frameOf(`{"s":[],"v":[${'0,'.repeat(SOCKET.values)}0]}`)],
      ['more segments than a message has', frameOf(`{"s":[${'0,'.repeat(SOCKET.segments)}0],"v":1}`)]
    ]
    for (const [name, frame] of hostile) expect(() => decodeFrame(frame), name).toThrow(FrameError)
    expect(decodeFrame(frameOf(nested(SOCKET.depth))).value).toBeDefined()
  })

  test('[SK6] any bytes are a frame or a FrameError', () => {
    const good = encodeFrame('message', 3, { a: [1, 'b', new Float64Array(3)], c: { d: undefined } }) as Uint8Array
    const damaged = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }).map((changes) => {
      const bytes = good.slice()
      for (const [at, byte] of changes) bytes[at] = byte
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), fc.nat(good.length), (bytes, cut) => {
        for (const part of [bytes, bytes.slice(0, cut)]) {
          try {
            decodeFrame(part.slice().buffer)
          } catch (error) {
            expect(error).toBeInstanceOf(FrameError)
          }
        }
      }),
      { numRuns: 3000 }
    )
  })
})
