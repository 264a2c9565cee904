import { describe, expect, it } from 'vitest'
import { completeAt } from './complete.ts'
import { highlightFilter } from './highlight.ts'
import { parseRunFilter } from './parse-filter.ts'
import { printFilter, printKey, printText } from './print.ts'
import { EXPERIMENTS, RUNS } from './vocabulary.ts'

/** `|` is the caret. */
function complete(marked: string) {
  const caret = marked.indexOf('|')
  return completeAt(marked.replace('|', ''), caret, RUNS)
}

const NUMBER = ['=', '!=', '>', '>=', '<', '<=']

describe('completion', () => {
  it.each([
    ['|', 'key', '', 0, 0],
    ['me|', 'key', 'me', 0, 2],
    ['metrics.lo|', 'key', 'metrics.lo', 0, 10],
    ['metrics.lo|ss > 1', 'key', 'metrics.lo', 0, 12],
    ['tags.`my k|', 'key', 'tags.`my k', 0, 10],
    ['(|', 'key', '', 1, 1],
    ["status = 'x' AND |", 'key', '', 17, 17],
    ["status = 'x' OR st|", 'key', 'st', 16, 18],
    ['metrics.loss |', 'comparator', '', 13, 13],
    ['metrics.loss <|', 'comparator', '<', 13, 14],
    ['params.opt LI|', 'comparator', 'LI', 11, 13],
    ['params.opt LIKE |', 'value', '', 16, 16],
    ["params.opt = 'ad|", 'value', "'ad", 13, 16],
    ["params.opt = 'ad|am'", 'value', "'ad", 13, 19],
    ['metrics.loss < 0.|', 'value', '0.', 15, 17],
    ["run_id IN ('a', |", 'value', '', 16, 16],
    ["run_id NOT IN (|'a')", 'value', '', 15, 15],
    ['metrics.loss < 1 |', 'connective', '', 17, 17],
    ['metrics.loss < 1 a|', 'connective', 'a', 17, 18],
    ['params.opt IS |', 'connective', '', 14, 14],
    ['params.opt NOT |', 'connective', '', 15, 15]
  ])('%s', (marked, kind, prefix, from, to) => {
    expect(complete(marked)).toMatchObject({ kind, prefix, from, to })
  })

  it('knows the field, its comparators and whether a list is open', () => {
    expect(complete('metrics.loss |')).toMatchObject({ field: { kind: 'metric', key: 'loss' }, options: NUMBER })
    expect(complete('params.opt |')).toMatchObject({
      options: expect.arrayContaining(['LIKE', 'IN', 'IS NULL']) as unknown
    })
    expect(complete("status IN ('A', |")).toMatchObject({
      field: { kind: 'attribute', key: 'status' },
      comparator: 'IN',
      inList: true
    })
    expect(complete('status NOT IN (|')).toMatchObject({ comparator: 'NOT IN', inList: true })
    expect(complete('status = |')).toMatchObject({ comparator: '=', inList: false })
  })

  it('offers the words that can follow', () => {
    expect(complete('metrics.loss < 1 |')).toMatchObject({ options: ['AND', 'OR'] })
    expect(complete('(metrics.loss < 1 |')).toMatchObject({ options: ['AND', 'OR', ')'] })
    expect(complete('(metrics.loss < 1) |')).toMatchObject({ options: ['AND', 'OR'] })
    expect(complete('params.opt IS |')).toMatchObject({ options: ['NULL', 'NOT NULL'] })
    expect(complete('params.opt IS NOT |')).toMatchObject({ options: ['NULL'] })
    expect(complete('params.opt NOT |')).toMatchObject({ options: ['IN'] })
    expect(complete("status IN ('A' |")).toMatchObject({ options: [',', ')'] })
    expect(complete('status IN |')).toMatchObject({ options: ['('] })
    expect(complete("status IN ('A') |")).toMatchObject({ options: ['AND', 'OR'] })
    expect(complete('params.opt IS NULL |')).toMatchObject({ options: ['AND', 'OR'] })
  })

  it('knows nothing of a field that is not one', () => {
    expect(complete('foo |')).toMatchObject({ kind: 'comparator', field: null })
    expect(completeAt('metrics.a ', 10, EXPERIMENTS)).toMatchObject({ kind: 'comparator', field: null })
  })
})

describe('colouring', () => {
  it('splits a filter into its parts', () => {
    const text = 'metrics.loss <= .5 AND (tags.`a b` LIKE \'x%\' or nope.x in ("y"))'
    expect(highlightFilter(text, RUNS).map(({ start, end, kind }) => [kind, text.slice(start, end)])).toEqual([
      ['prefix', 'metrics.'],
      ['key', 'loss'],
      ['comparator', '<='],
      ['number', '.5'],
      ['keyword', 'AND'],
      ['punctuation', '('],
      ['prefix', 'tags.'],
      ['key', '`a b`'],
      ['keyword', 'LIKE'],
      ['text', "'x%'"],
      ['keyword', 'or'],
      ['unknown', 'nope.'],
      ['key', 'x'],
      ['keyword', 'in'],
      ['punctuation', '('],
      ['text', '"y"'],
      ['punctuation', ')'],
      ['punctuation', ')']
    ])
  })

  it('marks what can never be right', () => {
    expect(highlightFilter("status = 'x", RUNS).at(-1)).toEqual({ start: 9, end: 11, kind: 'unknown' })
    expect(highlightFilter('a ~ %', RUNS).at(-1)).toEqual({ start: 4, end: 5, kind: 'unknown' })
  })
})

describe('printing', () => {
  it('adds parentheses only where they change the meaning', () => {
    const text = "(run_id = 'a' OR status = 'b') AND metrics.x > 1 OR tags.y IS NULL"
    expect(printFilter(parseRunFilter(text))).toBe(text)
    expect(printFilter(parseRunFilter(`((run_id='a') (status="b"))`))).toBe("run_id = 'a' AND status = 'b'")
    expect(printFilter(null)).toBe('')
  })

  it.each([
    ['loss', 'loss'],
    ['a.b_c1', 'a.b_c1'],
    ['val/loss', '`val/loss`'],
    ['1st', '`1st`'],
    ['a.', '`a.`'],
    ['', '``'],
    // MLflow's lexer stumbles over these even after a prefix.
    ['from', '`from`'],
    ['x.case', '`x.case`'],
    ['fromage', 'fromage'],
    ['a`b', '"a`b"'],
    ['`a`', "E'`a`'"],
    ['a`"b', `'a\`"b'`]
  ])('writes the key %j as %s', (key, written) => {
    expect(printKey(key)).toBe(written)
  })

  it.each([
    ['x', "'x'"],
    ["it's", `"it's"`],
    [`'"`, `E'\\'"'`],
    ['a\\', "E'a\\\\'"],
    ['a\\b', "'a\\b'"]
  ])('writes the text %j as %s', (text, written) => {
    expect(printText(text)).toBe(written)
  })
})
