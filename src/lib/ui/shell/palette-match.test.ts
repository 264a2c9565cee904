import { expect, it } from 'vitest'
import { matchScore, rank } from './palette-match.ts'

it('fits letters in order and nothing else', () => {
  expect(matchScore('nwx', 'New experiment')).toBeGreaterThan(0)
  expect(matchScore('xwn', 'New experiment')).toBe(0)
  expect(matchScore('', 'anything')).toBeGreaterThan(0)
})

it('puts whole words before parts, and parts before scattered letters', () => {
  const names = ['scattered wide inside none every', 'rewine', 'wine quality']
  expect(rank('wine', names, (name) => name, 9)).toEqual(['wine quality', 'rewine', 'scattered wide inside none every'])
})

it('knows a command by the first letters of its words', () => {
  const names = ['Go to settings', 'Use the light theme', 'Go to trash']
  expect(rank('gs', names, (name) => name, 1)).toEqual(['Go to settings'])
  expect(rank('gt', names, (name) => name, 1)).toEqual(['Go to trash'])
})

it('keeps the order of equals and the limit', () => {
  expect(rank('', ['b', 'a', 'c'], (name) => name, 2)).toEqual(['b', 'a'])
})
