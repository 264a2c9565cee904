import { describe, expect, it } from 'vitest'
import { comparisonOf, fieldOf, NEW_ROW, shapeOf, textOf, withKey, type FilterRow } from './filter-rows.ts'

const rowsOf = (text: string): readonly FilterRow[] => {
  const shape = shapeOf(text)
  if (shape.kind !== 'rows') throw new Error(`${text} is ${shape.kind}`)
  return shape.rows
}

describe('a filter as rows', () => {
  it.each([
    ['', []],
    ['metrics.loss < 0.5', [{ key: 'metrics.loss', comparator: '<', value: '0.5' }]],
    [
      "params.opt = 'adam' and tags.`a b` IS NULL",
      [
        { key: 'params.opt', comparator: '=', value: 'adam' },
        { key: 'tags.`a b`', comparator: 'IS NULL', value: '' }
      ]
    ],
    ["params.a IN ('x', 'y, z')", [{ key: 'params.a', comparator: 'IN', value: "x, 'y, z'" }]]
  ] as [string, FilterRow[]][])('[FR1] %j is these rows', (text, rows) => {
    expect(rowsOf(text)).toEqual(rows)
  })

  it.each([
    'metrics.loss < 0.5',
    "params.opt = 'adam' AND metrics.`val/loss` >= -1e-5 AND status != 'FAILED'",
    "params.a IN ('x', 'y, z', \"it's\")",
    'tags.team IS NOT NULL',
    "run_name ILIKE '%forest%'",
    'metrics.loss < 1e999',
    'params.a = "it\'s"'
  ])('[FR2] %j is the same filter when it is written back', (text) => {
    const rows = rowsOf(text)
    expect(rowsOf(textOf(rows))).toEqual(rows)
    expect(textOf(rowsOf(textOf(rows)))).toBe(textOf(rows))
    expect(rows.map(comparisonOf)).not.toContain(null)
  })

  it('[FR3] OR and parentheses are for reading, as an outline', () => {
    expect(shapeOf("metrics.a < 1 and (params.b = 'x' or params.c = 'y')")).toEqual({
      kind: 'rich',
      terms: [
        { depth: 0, text: 'all of' },
        { depth: 1, text: 'metrics.a < 1' },
        { depth: 1, text: 'any of' },
        { depth: 2, text: "params.b = 'x'" },
        { depth: 2, text: "params.c = 'y'" }
      ]
    })
    // What a row could not give back as it was is for reading, too.
    expect(shapeOf(`params.a IN (E'it\\'s "so"', 'x')`).kind).toBe('rich')
    // Parentheses that say nothing are none.
    expect(shapeOf('(metrics.a < 1)').kind).toBe('rows')
  })

  it.each(['metrics.', 'metrics.a <', "params.a = 'x", 'a b c'])('[FR4] %j is broken', (text) =>
    expect(shapeOf(text).kind).toBe('broken')
  )

  it.each([
    [{ key: 'metrics.a', comparator: '<', value: '' }],
    [{ key: 'metrics.a', comparator: '<', value: 'x' }],
    [{ key: '', comparator: '=', value: 'x' }],
    [{ key: 'params.a', comparator: 'IN', value: ' , ' }],
    [{ key: "params.a = 'x' or params.b", comparator: '=', value: 'y' }]
  ] as [FilterRow][])('[FR5] %j is not whole, and stays out of the text', (row) => {
    expect(comparisonOf(row)).toBeNull()
    expect(textOf([row, { key: 'metrics.b', comparator: '>', value: '1' }])).toBe('metrics.b > 1')
  })

  it('[FR6] another key keeps the comparator it knows', () => {
    expect(withKey({ key: 'params.a', comparator: 'LIKE', value: 'x' }, 'params.b').comparator).toBe('LIKE')
    expect(withKey({ key: 'params.a', comparator: 'LIKE', value: 'x' }, 'metrics.b').comparator).toBe('=')
    expect(withKey(NEW_ROW, 'metrics.b')).toEqual({ key: 'metrics.b', comparator: '=', value: '' })
  })

  it('[FR7] a key names its field', () => {
    expect(fieldOf('metrics.`val/loss`')).toEqual({ kind: 'metric', key: 'val/loss' })
    expect(fieldOf('start_time')).toEqual({ kind: 'attribute', key: 'start_time' })
    expect(fieldOf('nothing')).toBeNull()
  })
})
