import { describe, expect, it } from 'vitest'
import type { ExperimentKeys } from '#lib/live/protocol.ts'
import { filterPieces, filterProblem, problemOf } from './filter-text.ts'
import { suggestionsAt, takeSuggestion } from './suggestions.ts'

const keys: ExperimentKeys = { params: ['lr', 'a b'], metrics: ['loss', 'val/loss'], tags: ['mlflow.user', 'team'] }

const labels = (text: string, caret = text.length): readonly string[] =>
  suggestionsAt(text, caret, keys).items.map((item) => item.label)

describe('suggestions', () => {
  it('offers every key at the start, own tags before the field’s', () => {
    const all = labels('')
    expect(all.slice(0, 4)).toEqual(['metrics.loss', 'metrics.`val/loss`', 'params.lr', 'params.`a b`'])
    expect(all.indexOf('tags.team')).toBeLessThan(all.indexOf('tags.mlflow.user'))
    expect(suggestionsAt('', 0, keys).eager).toBe(false)
  })

  it('finds a key by any part of it, the start of the key first', () => {
    expect(labels('lo').slice(0, 2)).toEqual(['metrics.loss', 'metrics.`val/loss`'])
    expect(labels('metrics.val')).toEqual(['metrics.`val/loss`'])
    expect(labels('LR')).toEqual(['params.lr'])
    expect(suggestionsAt('lo', 2, keys).eager).toBe(true)
  })

  it('offers nothing where all of it is typed', () => expect(labels('metrics.loss')).toEqual([]))

  it('offers the comparators a key takes', () => {
    expect(labels('metrics.loss ')).toEqual(['=', '!=', '>', '>=', '<', '<='])
    expect(labels('params.lr ')).toContain('IS NULL')
  })

  it('offers statuses, connectives and nothing for free values', () => {
    expect(labels('status = ')).toContain("'FINISHED'")
    expect(labels('metrics.loss < ')).toEqual([])
    expect(labels('metrics.loss < 1 ')).toEqual(['AND', 'OR'])
    expect(labels('(metrics.loss < 1 ')).toEqual(['AND', 'OR', ')'])
  })

  it('writes what was taken in place, without doubling spaces', () => {
    const text = 'metrics.lo < 1'
    const found = suggestionsAt(text, 10, keys)
    expect(takeSuggestion(text, found, found.items[0]!)).toEqual({ text: 'metrics.loss < 1', caret: 13 })
  })
})

describe('filter text', () => {
  it.each(['', '   ', 'metrics.loss < 1', 'metrics.a < 1 or (tags.b is null)'])('%j can be read', (text) =>
    expect(filterProblem(text)).toBeNull()
  )

  it.each(['', 'metrics.loss < 1', "  params.`a b` = 'x", 'foo.bar ~ 1', 'metrics.loss <', '('])(
    'the pieces of %j are its text',
    (text) => {
      const pieces = filterPieces(text, filterProblem(text))
      expect(
        pieces
          .map((piece) => piece.text)
          .join('')
          .trimEnd()
      ).toBe(text.trimEnd())
    }
  )

  it('marks the place of a problem, and a place beyond the end', () => {
    const wrong = (text: string): string => {
      const pieces = filterPieces(text, filterProblem(text))
      return pieces
        .filter((piece) => piece.wrong)
        .map((piece) => piece.text)
        .join('')
    }
    expect(wrong("metrics.loss < 'x'")).toBe("'x'")
    expect(wrong('metrics.loss <')).toBe(' ')
    expect(wrong('metrics.loss < 1')).toBe('')
  })

  it('believes a refusal only when it says where', () => {
    expect(problemOf({ position: 1, length: 2, hint: 'x' })).toEqual({
      position: 1,
      length: 2,
      hint: 'x',
      expected: []
    })
    expect(problemOf(undefined)).toBeNull()
    expect(problemOf('no')).toBeNull()
  })
})
