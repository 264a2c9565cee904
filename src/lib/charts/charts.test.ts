import { describe, expect, it } from 'vitest'
import { logText, logTicks, positionText, relativeTexts, stepText, timeTexts, valueTexts } from './axis-text.ts'
import { panRange, wholeRange, xExtent, zoomRange } from './scale.ts'
import { airy, roomier } from './y-scale.ts'

describe('scales', () => {
  it('widens a single x', () => {
    expect(xExtent(null, 5, 5, 'step')).toEqual([4, 6])
    expect(xExtent(null, null, null, 'step')).toEqual([0, 1])
    expect(xExtent([2, 3], 0, 9, 'step')).toEqual([2, 3])
  })

  it('zooms around the middle and stops at the ends', () => {
    expect(zoomRange([0, 100], 0.5, [0, 100])).toEqual([25, 75])
    expect(zoomRange([25, 75], 2, [0, 100])).toBeNull()
    expect(zoomRange([4, 5], 0.5, [0, 100])).toEqual([4, 5])
    expect(panRange([80, 100], 0.5, [0, 100])).toEqual([80, 100])
    expect(panRange([40, 60], -0.5, [0, 100])).toEqual([30, 50])
  })

  it('makes a drawn range whole', () => {
    expect(wholeRange(1.2, 3.4)).toEqual([1, 4])
    expect(wholeRange(2, 2)).toBeNull()
  })
})

describe('the heights of a chart that grows', () => {
  it('[LP1] stay while the data fits in and fills most of them', () => {
    const before = airy(0, 10)
    expect(roomier(airy(0, 10), before)).toBe(before)
    expect(roomier(airy(-0.5, 10.5), before)).toBe(before)
    expect(roomier(airy(2, 9), before)).toBe(before)
    expect(roomier(airy(4, 6), before)).toEqual(airy(4, 6))
  })

  it('[LP2] have room to spare where the data left them, and always hold all of it', () => {
    let range = airy(0, 1)
    let changes = 0
    for (let high = 1; high < 10; high += 0.01) {
      const next = roomier(airy(0, high), range)
      if (next !== range) changes++
      range = next
      expect(range[0]).toBeLessThanOrEqual(0)
      expect(range[1]).toBeGreaterThanOrEqual(high)
    }
    expect(changes).toBeLessThan(30)
    expect(range[1]).toBeLessThan(13)
  })
})

describe('axis text', () => {
  it.each([
    [
      [0, 0.2, 0.4],
      ['0', '0.2', '0.4']
    ],
    [
      [0, 500, 1000],
      ['0', '500', '1,000']
    ],
    [
      [0.00001, 0.00002],
      ['1e-5', '2e-5']
    ],
    [
      [1_000_000, 2_000_000],
      ['1M', '2M']
    ],
    [
      [1_700_000_000, 1_700_000_005],
      ['1,700,000,000', '1,700,000,005']
    ],
    [
      [0.25, 0.5],
      ['0.25', '0.50']
    ]
  ])('values %j', (ticks, texts) => {
    expect(valueTexts(ticks)).toEqual(texts)
  })

  it('keeps powers of ten on a log axis, and 2 and 5 where there are no two of them', () => {
    expect(logTicks([1, 2, 3, 9, 10, 20, 100])).toEqual([1, null, null, null, 10, null, 100])
    expect(logTicks([0.5, 0.6, 0.7, 0.8, 0.9, 1])).toEqual([0.5, null, null, null, null, 1])
    expect(logTicks([3, 4])).toEqual([3, 4])
    const decades = Array.from({ length: 13 }, (_, exponent) => 10 ** exponent)
    expect(logTicks(decades).filter((tick) => tick !== null)).toEqual([1, 1e3, 1e6, 1e9, 1e12])
  })

  it('writes times in one line, and the date at midnight', () => {
    const at = (hour: number, minute: number, ms = 0): number => new Date(2026, 10, 20, hour, minute, 0, ms).getTime()
    const hours = (n: number): number => n * 3_600_000
    expect(timeTexts([at(17, 5), at(17, 6)], 60_000)).toEqual(['17:05', '17:06'])
    expect(timeTexts([at(17, 5, 250)], 250)).toEqual(['17:05:00.250'])
    expect(timeTexts([at(-1, 0), at(0, 0)], hours(1))).toEqual(['23:00', expect.stringMatching(/20/)])
    expect(timeTexts([at(0, 0)], hours(24))).toEqual([expect.stringMatching(/20/)])
    expect(timeTexts([at(0, 0)], hours(24 * 365))).toEqual([expect.stringMatching(/2026/)])
  })

  it('counts relative time in one unit', () => {
    expect(relativeTexts([0, 30_000, 60_000])).toEqual(['0', '30 s', '60 s'])
    expect(relativeTexts([0, 7_200_000])).toEqual(['0', '2 h'])
  })

  it('writes steps, powers and positions', () => {
    expect(stepText(1000)).toBe('1,000')
    expect(stepText(2_500_000)).toBe('2.5M')
    expect(logText(0.01)).toBe('0.01')
    expect(logText(1e-7)).toBe('1e-7')
    expect(positionText(1234, 'step')).toBe('step 1,234')
    expect(positionText(1234, 'relative')).toBe('1.234 s')
    expect(positionText(3_723_000, 'relative')).toBe('1 h 2 min 3 s')
  })
})
