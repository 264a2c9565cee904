import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { corpus } from './corpus.ts'
import { differences } from './differences.ts'
import { compatibilityFile, play, type Play } from './play.ts'

let played: Play
beforeAll(async () => {
  played = await play()
}, 600_000)

describe('[REPLAY1] every answer is MLflow’s, or differs for a listed reason', () => {
  it.each(corpus.map(({ name }) => name))('%s', (name) => {
    expect(played.verdict.unexplained.filter(({ request }) => request.startsWith(`${name}/`))).toEqual([])
  })
})

it('[REPLAY2] every listed difference shows', () => {
  expect(played.verdict.stale).toEqual([])
})

it('[REPLAY5] Runnel fails on none of them', () => {
  const failed = played.exchanges.filter(({ runnel }) => runnel.status >= 500 && runnel.status !== 501)
  expect(failed.map(({ scenario, request }) => `${scenario}/${request.name}`)).toEqual([])
})

it('[REPLAY3] names are unique: those of scenarios, of requests in each, of differences', () => {
  const repeated = (names: readonly string[]) => names.filter((name, at) => names.indexOf(name) !== at)
  expect(repeated(corpus.map(({ name }) => name))).toEqual([])
  for (const { requests } of corpus) expect(repeated(requests.map(({ name }) => name))).toEqual([])
  expect(repeated(differences.map(({ id }) => id))).toEqual([])
})

it('[REPLAY4] docs/compatibility.md is what node tests/replay/write-compatibility.ts writes', async () => {
  expect(played.exchanges.length).toBeGreaterThanOrEqual(400)
  expect(await readFile(compatibilityFile, 'utf8')).toBe(played.page)
})
