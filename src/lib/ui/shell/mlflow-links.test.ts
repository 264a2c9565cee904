import { expect, test } from 'vitest'
import { pageOfHash } from './mlflow-links.ts'

const run = 'a'.repeat(32)

test.each([
  [`#/experiments/17/runs/${run}`, `/runs/${run}`],
  [`#/experiments/17/runs/${run}/artifacts/model`, `/runs/${run}`],
  ['#/experiments/17', '/experiments/17'],
  ['#/experiments/17?searchFilter=x', '/experiments/17'],
  ['#/experiments/17/models', '/experiments/17'],
  ['#/models/m/versions/1', null],
  ['#/experiments/../runs/x', null],
  ['#//evil.example/runs/x', null],
  ['#token=abc', null],
  ['', null]
])('[ML1] %s leads to %s', (hash, page) => {
  expect(pageOfHash(hash)).toBe(page)
})
