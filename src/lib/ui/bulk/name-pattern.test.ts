import { describe, expect, it } from 'vitest'
import { nameOf, parseNamePattern } from './name-pattern.ts'

const named = (text: string, cells: readonly (string | number | null)[] = [], n = 3): string =>
  nameOf(parseNamePattern(text), { name: 'was', cells }, n)

describe('name patterns', () => {
  it.each([
    ['plain', [], 'plain'],
    ['{old} #{n}', [], 'was #3'],
    ['lr {params.lr}', ['0.1'], 'lr 0.1'],
    ['{metrics.val/loss} and {metrics.val/loss}', [0.1 + 0.2], '0.30000000000000004 and 0.30000000000000004'],
    ['{tags.a.b}|{params.none}', ['x', null], 'x|-'],
    ['{params.blank}', ['  '], '-'],
    ['{metrics.loss}', [NaN], 'NaN'],
    ['{{n}} {n}', [], '{n} 3'],
    ['  {old} ', [], 'was']
  ])('[NP1] %j with %j is %j', (text, cells, name) => expect(named(text, cells)).toBe(name))

  it('[NP2] asks for each value once', () => {
    expect(parseNamePattern('{params.a}{params.a}{tags.a}').columns).toEqual([
      { kind: 'param', key: 'a' },
      { kind: 'tag', key: 'a' }
    ])
  })

  it.each([
    ['', 'A run needs a name.'],
    ['  ', 'A run needs a name.'],
    ['{x}', '{x} is not known'],
    ['{params.}', '{params.} is not known'],
    ['{}', '{} is not known'],
    ['a { b', 'written twice'],
    ['a } b', 'written twice']
  ])('[NP3] %j is refused: %s', (text, why) => expect(() => parseNamePattern(text)).toThrow(why))
})
