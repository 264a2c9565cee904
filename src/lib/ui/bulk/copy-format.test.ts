import Papa from 'papaparse'
import { describe, expect, it } from 'vitest'
import type { RunRow } from '#lib/live/protocol.ts'
import { copyTable, formatCopy, type Cell, type CopyFormat } from './copy-format.ts'

const table = (...rows: Cell[][]) => ({ head: ['a', 'b,c'], rows })
const text = (format: CopyFormat, ...rows: Cell[][]): string => formatCopy(table(...rows), format).text

describe('copies of runs', () => {
  it('[CO1] a CSV is read back as what was written, whatever stands in it', () => {
    const rows = [
      ['plain', 'with, comma'],
      ['with "quotes"', 'two\nlines'],
      ['two\r\nlines', ' spaces '],
      ['', 'é 😀']
    ]
    expect(Papa.parse(text('csv', ...rows), { skipEmptyLines: true }).data).toEqual([['a', 'b,c'], ...rows])
  })

  it('[CO2] numbers have every digit, and what is no number is said', () => {
    expect(text('csv', [0.1 + 0.2, NaN], [1e-300, -Infinity], [-0.5, null])).toBe(
      'a,"b,c"\r\n0.30000000000000004,NaN\r\n1e-300,-Infinity\r\n-0.5,\r\n'
    )
  })

  it.each(['=1+1', '+cmd', '-2+3', '@SUM(A1)', '\t=1', ' =1', '\r=1', '=HYPERLINK("x")'])(
    '[CO3] %j is no formula in a spreadsheet',
    (value) => {
      const copied = formatCopy(table([value, 'x']), 'csv')
      expect(copied.disarmed).toBe(1)
      const { data } = Papa.parse<string[]>(copied.text)
      expect(data[1]![0]).toBe(`'${value}`)
    }
  )

  it.each(['-0.5', '+1', '-1e-5', '.5', 'a=b', ''])('[CO4] %j stays as it is', (value) => {
    const copied = formatCopy(table([value, 'x']), 'csv')
    expect([copied.disarmed, copied.text.split('\r\n')[1]]).toEqual([0, `${value},x`])
  })

  it('[CO5] JSON reads back, NaN as a text and a missing value as null', () => {
    expect(JSON.parse(text('json', ['x"y', NaN], [0.1, null]))).toEqual([
      { a: 'x"y', 'b,c': 'NaN' },
      { a: 0.1, 'b,c': null }
    ])
    expect(formatCopy({ head: ['__proto__'], rows: [['x']] }, 'json').text).toContain('"__proto__": "x"')
  })

  it('[CO6] Markdown is one line a run, with numbers to the right and nothing that ends a cell', () => {
    expect(text('md', ['a|b\\', 1.5], ['<b>\n*x*', NaN])).toBe(
      '| a | b,c |\n| --- | ---: |\n| a\\|b\\\\ | 1.5 |\n| &lt;b><br>\\*x\\* | NaN |\n'
    )
  })

  it('[CO7] a row has its id, its name, the facts and values asked for, and times in UTC', () => {
    const row = {
      runId: 'r1',
      name: 'one',
      status: 'FINISHED',
      startTime: 0,
      endTime: 1500,
      userId: 'ada',
      cells: [0.5]
    } as unknown as RunRow
    expect(copyTable([row], ['started', 'duration', 'user'], ['metrics.loss'])).toEqual({
      head: ['run_id', 'run_name', 'start_time', 'duration_ms', 'user_id', 'metrics.loss'],
      rows: [['r1', 'one', '1970-01-01T00:00:00.000Z', 1500, 'ada', 0.5]]
    })
  })
})
