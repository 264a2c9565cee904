import { describe, expect, it } from 'vitest'
import { buildsAtMost } from './json-size.ts'
import { cpuMs } from '../../../tests/support/cpu-ms.ts'

describe('how much a JSON text builds', () => {
  it('[JS1] counts lists, objects and what commas divide', () => {
    for (const [text, values] of [
      ['[1,2,3]', 4],
      ['{"a":1,"b":[{}]}', 5],
      ['[[[[[]]]]]', 6],
      ['[ 1 , "x" ]', 3]
    ] as const) {
      expect([text, buildsAtMost(text, values)]).toEqual([text, true])
      expect([text, buildsAtMost(text, values - 1)]).toEqual([text, false])
    }
  })

  it('[JS2] and nothing inside strings, however they end', () => {
    for (const text of ['["[[[[,,,,{{{{"]', '["a\\"[[[,,,"]', '["a\\\\\\"[[,,,"]', '["[[[[,,,,'])
      expect([text, buildsAtMost(text, 2)]).toEqual([text, true])
    expect(buildsAtMost('["a\\\\",[[[[]]]]]', 3)).toBe(false)
  })

  it('[JS3] sixty megabytes of brackets are refused at once', () => {
    const bomb = '['.repeat(60_000_000)
    expect(cpuMs(() => expect(buildsAtMost(bomb, 1_000_000)).toBe(false))).toBeLessThan(500)
  })
})
