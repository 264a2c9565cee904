import { describe, expect, it } from 'vitest'
import {
  exactNumber,
  formatBytes,
  formatDuration,
  formatExactTime,
  formatNumber,
  formatRelative,
  plural
} from './format.ts'
import { RUN_COLORS, runColorIndex } from './run-color.ts'

describe('numbers', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [0.5, '0.5000'],
    [0.57118, '0.5712'],
    [-0.57118, '-0.5712'],
    [12.3456, '12.35'],
    [1234.56, '1,235'],
    [123456.7, '123,500'],
    [48, '48'],
    [123456, '123,456'],
    [999999, '999,999'],
    [999999.7, '1.000e6'],
    [1234567, '1.235e6'],
    [0.0001, '0.0001000'],
    [0.000012345, '1.234e-5'],
    [1e-300, '1.000e-300'],
    [1.7976931348623157e308, '1.798e308'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity']
  ])('%d reads as %s', (value, text) => expect(formatNumber(value)).toBe(text))

  it('keeps every digit of the exact value', () => {
    expect(exactNumber(0.1 + 0.2)).toBe('0.30000000000000004')
    expect(exactNumber(-Infinity)).toBe('-Infinity')
  })
})

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KB'],
    [9960, '10 KB'],
    [34_400, '34 KB'],
    [999_600, '1.0 MB'],
    [1_800_000, '1.8 MB'],
    [214_000_000, '214 MB'],
    [3e15, '3000 TB']
  ])('%d reads as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))
})

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1250, '1.2 s'],
    [9990, '9.9 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [360_000_000, '4 d 4 h'],
    [-1, '—'],
    [NaN, '—']
  ])('%d reads as %s', (ms, text) => expect(formatDuration(ms)).toBe(text))
})

describe('moments', () => {
  const now = new Date(2025, 5, 15, 12, 0, 0).getTime()
  it.each([
    [0, 'just now'],
    [-4000, 'just now'],
    [12_000, '12 s ago'],
    [-12_000, 'in 12 s'],
    [59_999, '59 s ago'],
    [3 * 60_000, '3 min ago'],
    [7_300_000, '2 h ago'],
    [5 * 86_400_000, '5 d ago'],
    [45 * 86_400_000, '1 May'],
    [400 * 86_400_000, '11 May 2024']
  ])('%d ms before now reads as %s', (ago, text) => expect(formatRelative(now - ago, now)).toBe(text))

  it('writes a moment exactly, with its zone', () => {
    expect(formatExactTime(now)).toMatch(/^2025-06-15 12:00:00\.000 [+-]\d\d:\d\d$/)
    expect(formatExactTime(NaN)).toBe('—')
  })
})

describe('words', () => {
  it('counts in the singular and the plural', () => {
    expect([plural(0, 'run'), plural(1, 'run'), plural(1200, 'run')]).toEqual(['0 runs', '1 run', '1,200 runs'])
  })
})

describe('run colours', () => {
  it('differ for any ten runs made one after another', () => {
    for (let first = 1; first < 100; first++)
      expect(new Set(Array.from({ length: RUN_COLORS }, (_, i) => runColorIndex(first + i))).size).toBe(RUN_COLORS)
    expect([runColorIndex(0), runColorIndex(1), runColorIndex(10), runColorIndex(11)]).toEqual([1, 1, 10, 1])
  })
})
