import { describe, expect, test } from 'vitest'
import { parsePageToken, pageToken, readPage } from '../page-token.ts'
import { attachment } from '../file-response.ts'
import { rawPath, rawQuery, readBytes } from '../body.ts'
import { ERROR_CODES } from '#lib/domain/errors.ts'
import { LIMITS } from '#lib/domain/limits.ts'
import { HTTP_STATUS } from '../status.ts'
import { Fields } from './fields.ts'
import { parseJsonBody, writeJson } from './json.ts'
import { cpuMs } from '../../../../tests/support/cpu-ms.ts'

describe('JSON bodies', () => {
  test.each<[string, unknown]>([
    ['', {}],
    ['null', {}],
    ['{', {}],
    ['"{\\"a\\": 1}"', { a: 1 }],
    ['"null"', {}],
    ['{"a": NaN, "b": Infinity, "c": -Infinity, "d": [NaN]}', { a: NaN, b: Infinity, c: -Infinity, d: [NaN] }],
    ['{"NaN": "NaN \\" Infinity", "a": NaN}', { NaN: 'NaN " Infinity', a: NaN }],
    ['"{\\"a\\": NaN}"', { a: NaN }],
    ['{"a": NaNx}', {}],
    ['{"a": -NaN}', {}],
    ['{"a": +Infinity}', {}],
    ["{'a': 1}", {}]
  ])('WIRE-J1 %s', (text, fields) => {
    expect(parseJsonBody(text)).toEqual(fields)
  })

  test('WIRE-J2 hostile bodies take linear time', () => {
    for (const text of ['{"' + '\\"'.repeat(2_000_000), '"'.repeat(2_000_001), 'NaN'.repeat(200_000)]) {
      expect(cpuMs(() => expect(parseJsonBody(text)).toEqual({}))).toBeLessThan(2000)
    }
  })

  test('WIRE-J4 a body of more values than can be built is refused before it is, also one inside a string', () => {
    const bomb = `{"a":${'['.repeat(LIMITS.jsonValues)}`
    const words = `{"a":${'NaN '.repeat(LIMITS.jsonValues + 1)}}`
    for (const text of [bomb, JSON.stringify(bomb), words])
      expect(() => parseJsonBody(text)).toThrow('at most 250000 values')
  })

  test('WIRE-J5 an answer that no text can hold is said to be too large', () => {
    const half = 'x'.repeat(300_000_000)
    expect(() => writeJson({ a: half, b: half })).toThrow('too large to be sent')
  })

  test('WIRE-J3 answers are ASCII, indented by two, without undefined fields', () => {
    expect(writeJson({ a: 2n ** 63n - 1n, b: ['\0int:5'] })).toBe(
      '{\n  "a": 9223372036854775807,\n  "b": [\n    "\\u0000int:5"\n  ]\n}'
    )
    expect(writeJson({ a: 'é😀\u007f', b: undefined, c: [] })).toBe(
      '{\n  "a": "\\u00e9\\ud83d\\ude00\\u007f",\n  "c": []\n}'
    )
  })
})

describe('fields', () => {
  const fields = (values: Record<string, unknown>) => new Fields(values)

  test('WIRE-F1 integers as numbers and digits, never guessed', () => {
    for (const [value, number] of [
      [5, 5],
      ['5', 5],
      ['-7', -7],
      ['+7', 7],
      [5.0, 5],
      [null, undefined],
      [-0, 0]
    ])
      expect(fields({ x: value }).integer('x')).toBe(number)
    for (const value of ['', ' 5', '5 ', '5.0', '1e3', '0x10', '1_000', 1.5, NaN, true, [], {}])
      expect(() => fields({ x: value }).integer('x')).toThrow(
        /Invalid value .* for parameter 'x' supplied: {2}Hint: Value was of type/
      )
    for (const value of [2 ** 53, '9007199254740992', -(2 ** 53), Infinity, '9'.repeat(400)])
      expect(() => fields({ x: value }).integer('x')).toThrow('outside ±9007199254740991')
  })

  test('WIRE-F2 doubles in every form', () => {
    const cases: [unknown, number][] = [
      [1.5, 1.5],
      ['1.5', 1.5],
      ['-.5e-3', -0.0005],
      ['5.', 5],
      ['Infinity', Infinity],
      ['-inf', -Infinity],
      ['NaN', NaN],
      ['-nan', NaN],
      [true, 1],
      [false, 0],
      ['1e999', Infinity]
    ]
    for (const [value, number] of cases) expect(fields({ x: value }).double('x')).toBe(number)
    for (const value of ['', ' 1', '1,5', 'infinit', '0x1', [], {}])
      expect(() => fields({ x: value }).double('x')).toThrow("parameter 'x'")
    const long = fields({ x: '1'.repeat(1_000_000) + 'x' })
    expect(cpuMs(() => expect(() => long.double('x')).toThrow())).toBeLessThan(1000)
  })

  test('WIRE-F3 run_uuid stands in for run_id', () => {
    expect(fields({ run_uuid: 'a' }).requiredRunId()).toBe('a')
    expect(fields({ run_id: 'b', run_uuid: 'a' }).requiredRunId()).toBe('b')
    expect(fields({ run_id: '', run_uuid: 'a' }).requiredRunId()).toBe('a')
    expect(() => fields({}).requiredRunId()).toThrow("'run_id'")
  })

  test('WIRE-F4 names of an enum, its numbers from 1, and nothing else', () => {
    const names = ['A', 'B'] as const
    const read = (value: unknown) => fields({ x: value }).oneOf('x', names)
    expect(['A', 2, '1', 'b', 'C', '3', null].map(read)).toEqual([
      'A',
      'B',
      'A',
      undefined,
      undefined,
      undefined,
      undefined
    ])
    for (const value of [3, 0, 1.5, true, []]) expect(() => read(value)).toThrow("parameter 'x'")
  })

  test('WIRE-F5 inherited names are not fields', () => {
    expect(fields({}).text('constructor')).toBeUndefined()
    expect(fields(JSON.parse('{"__proto__": {"x": 1}}') as Record<string, unknown>).integer('x')).toBeUndefined()
  })
})

describe('pages', () => {
  test('WIRE-P1 a token is MLflow’s', () => {
    expect(atob(pageToken(25))).toBe('{"offset": 25}')
    expect(parsePageToken(pageToken(25))).toBe(25)
    expect([parsePageToken(''), parsePageToken(undefined)]).toEqual([0, 0])
    for (const text of ['"x"', 'null', '[]', '{"offset": 1.5}', '{"offset": "1"}', '{"offset": 1e300}'])
      expect(() => parsePageToken(btoa(text))).toThrow('Invalid page token')
  })

  test('WIRE-P2 a token only when there is more', async () => {
    const rows = [1, 2, 3, 4]
    const read = (limit: number, offset: number) => Promise.resolve(rows.slice(offset, offset + limit))
    expect(await readPage(3, 0, read)).toEqual({ items: [1, 2, 3], nextPageToken: pageToken(3) })
    expect(await readPage(4, 0, read)).toEqual({ items: [1, 2, 3, 4] })
    expect(await readPage(2, 9, read)).toEqual({ items: [] })
  })
})

test('WIRE-S1 every code has a status, and none of the caller’s mistakes is a 5xx', () => {
  expect(Object.keys(HTTP_STATUS).sort()).toEqual([...ERROR_CODES].sort())
  const serverSide = ERROR_CODES.filter((code) => HTTP_STATUS[code] >= 500).sort()
  expect(serverSide).toEqual(['DATA_LOSS', 'INTERNAL_ERROR', 'NOT_IMPLEMENTED', 'TEMPORARILY_UNAVAILABLE'])
})

test('WIRE-A1 file names in a header', () => {
  expect(attachment('a.txt')).toBe('attachment; filename=a.txt')
  expect(attachment('a b')).toBe(`attachment; filename="a b"; filename*=UTF-8''a%20b`)
  expect(attachment("😀('*)%.txt")).toBe(
    `attachment; filename="_('*)_.txt"; filename*=UTF-8''%F0%9F%98%80%28%27%2A%29%25.txt`
  )
})

test('WIRE-U2 a body is read where requests have no stream, as in Firefox', async () => {
  const request = new Request('http://h/', { method: 'PUT', body: 'bytes' })
  Object.defineProperty(request, 'body', { value: undefined })
  expect(await (await readBytes(request)).text()).toBe('bytes')
})

test('WIRE-U1 a URL’s parts as they were sent', () => {
  expect(rawPath('http://h:5/a%252e/../b;c?x=1#y')).toBe('/a%252e/../b;c')
  expect(rawPath('/only/path?x')).toBe('/only/path')
  expect(rawQuery('http://h/a?b=%25&c#d?e')).toBe('b=%25&c')
  expect(rawQuery('http://h/a#d?e')).toBe('')
})
