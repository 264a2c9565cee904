import { describe, expect, test } from 'vitest'
import { RunnelError } from './errors.ts'
import { pythonFloat, pythonJson, pythonTypeName } from './python-text.ts'
import {
  validateArtifactLocation,
  validateBatch,
  validateExperimentName,
  validateMetricKey,
  validateMetricPoint,
  validateParamKey,
  validatePoint,
  validateTagKey
} from './validate.ts'

const refusal = (check: () => void): string | null => {
  try {
    check()
    return null
  } catch (error) {
    if (!(error instanceof RunnelError)) throw error
    return error.message
  }
}

describe('keys', () => {
  test.each(['a', 'A_z.0-9 :/x', 'é', '五', '²', 'Ⅷ', 'a.b', '...a'.slice(2), 'a/..b', 'a\n', 'x'.repeat(250)])(
    'VAL-K1 passes %j',
    (key) => {
      for (const check of [validateMetricKey, validateParamKey, validateTagKey])
        expect(refusal(() => check(key))).toBeNull()
    }
  )

  test.each([
    '',
    '#',
    'a,b',
    'a%20b',
    'a\tb',
    'a\n\n',
    'a\nb',
    'e\u0301',
    '😀',
    '\ud800',
    '/',
    '//',
    'a/',
    './a',
    '.',
    '..',
    '../a',
    'a/../b',
    'x'.repeat(251)
  ])('VAL-K2 refuses %j', (key) => {
    for (const check of [validateMetricKey, validateParamKey, validateTagKey])
      expect(refusal(() => check(key))).not.toBeNull()
  })

  test('VAL-K3 a key resolves as Python’s normpath does', () => {
    const cases = [
      ['//a', '//a'],
      ['///a', '/a'],
      ['a/./b', 'a/b'],
      ['a/../..', '..'],
      ['/..', '/'],
      ['a/b/../../../c', '../c'],
      ['a/..', '.']
    ]
    for (const [key, resolved] of cases)
      expect(refusal(() => validateMetricKey(key!))).toMatch(`would resolve to '${resolved}'`)
  })

  test('VAL-K4 the path names the part of the request', () => {
    expect(refusal(() => validateMetricKey('#', 'metrics[3]'))).toMatch("parameter 'metrics[3].name'")
    expect(refusal(() => validateTagKey('x'.repeat(251), 'tags[1]'))).toBe(
      "'tags[1].key' exceeds the maximum length of 250 characters"
    )
  })
})

describe('points', () => {
  test('VAL-P1 any double is a value; step and timestamp are integers kept exactly', () => {
    for (const value of [NaN, Infinity, -Infinity, -0, Number.MAX_VALUE])
      expect(refusal(() => validatePoint('m', { step: -1, timestamp: 0, value }))).toBeNull()
    const bad = [
      { step: 0.5, timestamp: 0 },
      { step: NaN, timestamp: 0 },
      { step: Infinity, timestamp: 0 },
      { step: 0, timestamp: NaN },
      { step: 0, timestamp: -1 },
      { step: 0, timestamp: 2 ** 53 },
      { step: -(2 ** 53), timestamp: 0 },
      { step: 0, timestamp: 1.5 }
    ]
    for (const point of bad)
      expect([point, refusal(() => validatePoint('m', { ...point, value: 1 }))]).not.toEqual([point, null])
  })

  test('VAL-P2 a value of another type, as a port may bring it, is refused in MLflow’s words', () => {
    const point = { key: 'm', step: 0, timestamp: 1, value: 'x' as unknown as number }
    expect(refusal(() => validateMetricPoint(point, 'metrics[0]'))).toBe(
      `Invalid value "x" for parameter 'metrics[0].value' supplied: (timestamp=1). Please specify value as a valid double (64-bit floating point)`
    )
  })
})

test('VAL-B1 a batch is checked item by item before it is counted, as MLflow does', () => {
  const tags = Array.from({ length: 101 }, (_, i) => ({ key: i === 100 ? '#' : `t${i}`, value: '' }))
  expect(refusal(() => validateBatch({ metrics: [], params: [], tags }))).toMatch("parameter 'tags[100].key'")
  expect(refusal(() => validateBatch({ metrics: [], params: [], tags: [{ key: 't', value: '\ud83d' }] }))).toMatch(
    'tags[0].value'
  )
})

test('VAL-E1 experiment names and artifact locations', () => {
  expect(refusal(() => validateExperimentName('x'.repeat(500)))).toBeNull()
  expect(refusal(() => validateExperimentName('x'.repeat(501)))).toBe(
    "'name' exceeds the maximum length of 500 characters"
  )
  const good = [
    '',
    's3://b/x',
    'file:///tmp/x',
    '/tmp/x',
    'mlflow-artifacts:/',
    'mlflow-artifacts:/a/b',
    's3://b/x?v=1',
    's3://b/x#',
    's3://b/a..b'
  ]
  for (const location of good)
    expect([location, refusal(() => validateArtifactLocation(location))]).toEqual([location, null])
  for (const location of [
    'runs:/x',
    'RUNS:/x',
    's3://b/x#f',
    'http://b;p',
    's3://b?a=%2e.',
    'mlflow-artifacts:/a//b',
    'x\ud800'
  ])
    expect([location, refusal(() => validateArtifactLocation(location))]).not.toEqual([location, null])
})

describe('Python’s words', () => {
  test('VAL-T1 floats as repr writes them', () => {
    const cases: [number, string][] = [
      [1, '1.0'],
      [-0, '-0.0'],
      [1e-5, '1e-05'],
      [0.0001, '0.0001'],
      [1e15, '1000000000000000.0'],
      [1e16, '1e+16'],
      [1.5e300, '1.5e+300'],
      [5e-324, '5e-324'],
      [2147483648.2376213, '2147483648.2376213'],
      [NaN, 'nan'],
      [-Infinity, '-inf']
    ]
    for (const [value, text] of cases) expect(pythonFloat(value)).toBe(text)
  })

  test('VAL-T2 JSON as json.dumps writes it, and types by their names', () => {
    expect(pythonJson({ b: [1, null, true, NaN, -Infinity], a: 'é"\u007f' })).toBe(
      '{"a":"\\u00e9\\"\\u007f","b":[1,null,true,NaN,-Infinity]}'
    )
    expect([null, [], 's', true, 1, 1.5, NaN, {}].map(pythonTypeName)).toEqual([
      'NoneType',
      'list',
      'str',
      'bool',
      'int',
      'float',
      'float',
      'dict'
    ])
  })

  test('VAL-T3 what is shown stays short, however long or deep the value', () => {
    expect(pythonJson('x'.repeat(1_000_000)).length).toBeLessThan(2100)
    expect(pythonJson(Array.from({ length: 1_000_000 }, () => 1)).length).toBeLessThan(2100)
    let deep: unknown = 0
    for (let i = 0; i < 100_000; i++) deep = [deep]
    expect(pythonJson(deep)).toContain('…')
  })
})
