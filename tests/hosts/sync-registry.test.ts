/** The model registry of a real host, as programs use it over REST and as a browser that follows it does. */
import { afterEach, describe, expect, test } from 'vitest'
import { getModelVersionByAlias, setModelAlias } from '#lib/store/model-aliases.ts'
import { transitionModelVersion } from '#lib/store/model-versions.ts'
import { createModelVersion } from '#lib/store/new-model-version.ts'
import { createRegisteredModel } from '#lib/store/registered-models.ts'
import { searchModelVersions } from '#lib/store/search/model-versions.ts'
import { searchRegisteredModels } from '#lib/store/search/registered-models.ts'
import type { SpaceAnswer } from '#lib/sync/host-link.ts'
import { openBrowserStore, type BrowserStore } from '../support/browser-store.ts'
import { startNodeHost, type NodeHost } from '../support/node-host.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const OWNER = 'owners-secret-of-16'

const WAIT = { timeout: 10_000, interval: 20 }

async function start(...flags: string[]): Promise<NodeHost> {
  const host = await startNodeHost(flags)
  ends.push(host.end)
  return host
}

/** The store of a page that the host serves. */
async function page(host: NodeHost): Promise<BrowserStore> {
  const opened = await openBrowserStore(host.address, { isOwnHost: true })
  ends.push(opened.close)
  return opened
}

async function reopened(page: BrowserStore): Promise<BrowserStore> {
  const opened = await page.reopen()
  ends.push(opened.close)
  return opened
}

const ask = async <T>(host: NodeHost, operation: string, body?: object): Promise<T> =>
  (await (await host.api(operation, body)).json()) as T

interface Version {
  readonly version: string
  readonly source: string
  readonly status_message?: string
}

const register = async (host: NodeHost, source: string): Promise<string> =>
  (await ask<{ model_version: Version }>(host, 'model-versions/create', { name: 'Forest', source })).model_version
    .version

const registerHere = ({ store }: BrowserStore, source: string) =>
  store.write((tx) => createModelVersion(tx, { name: 'Forest', source }))

const atHost = async (host: NodeHost): Promise<string[]> =>
  (
    (await ask<{ model_versions?: Version[] }>(host, 'model-versions/search')).model_versions?.map(
      ({ version, source }) => `${version} ${source}`
    ) ?? []
  ).sort()

const all = { filter: null, orderBy: [], limit: 100, offset: 0 }

const here = async ({ store }: BrowserStore): Promise<string[]> =>
  (await store.read((r) => searchModelVersions(r, all)))
    .map(({ version, source, isProvisional }) => `${version}${isProvisional ? '?' : ''} ${source}`)
    .sort()

describe('the registry of a host', () => {
  test('[SR1] is with the pages it serves, and what is changed in one is seen by programs', async () => {
    const host = await start()
    await ask(host, 'registered-models/create', { name: 'Forest', description: 'trees' })
    await register(host, 's3://m/first')
    const browser = await page(host)
    await expect.poll(() => here(browser), WAIT).toEqual(['1 s3://m/first'])
    await register(host, 's3://m/second')
    await expect.poll(() => here(browser), WAIT).toEqual(['1 s3://m/first', '2 s3://m/second'])
    await browser.store.write(async (tx) => {
      await setModelAlias(tx, 'Forest', 'champion', 2)
      await transitionModelVersion(tx, 'Forest', 2, { stage: 'Production' })
    })
    const champion = () => ask(host, 'registered-models/alias?name=Forest&alias=champion')
    await expect
      .poll(champion, WAIT)
      .toMatchObject({ model_version: { version: '2', current_stage: 'Production', source: 's3://m/second' } })
    await browser.store.write((tx) => createRegisteredModel(tx, { name: 'From the page' }))
    await expect
      .poll(async () => await ask<object>(host, 'registered-models/get?name=From+the+page'), WAIT)
      .toMatchObject({ registered_model: { name: 'From the page' } })
  })

  test('[SR2] gives the number, and a version registered here is provisional only until it has', async () => {
    const host = await start()
    await ask(host, 'registered-models/create', { name: 'Forest' })
    await register(host, 's3://m/first')
    const browser = await page(host)
    await expect.poll(() => here(browser), WAIT).toHaveLength(1)
    await registerHere(browser, 's3://m/page')
    await expect.poll(() => here(browser), WAIT).toEqual(['1 s3://m/first', '2 s3://m/page'])
    expect(await atHost(host)).toEqual(['1 s3://m/first', '2 s3://m/page'])
  })

  test('[SR3] settles numbers that were taken on both sides, and aliases stay with their versions', async () => {
    const host = await start()
    await ask(host, 'registered-models/create', { name: 'Forest' })
    await register(host, 's3://m/first')
    const before = await page(host)
    await expect.poll(() => here(before), WAIT).toHaveLength(1)
    await before.sharing.close()
    expect((await registerHere(before, 's3://m/page')).version).toBe(2)
    await before.store.write((tx) => setModelAlias(tx, 'Forest', 'champion', 2))
    expect(await here(before)).toEqual(['1 s3://m/first', '2? s3://m/page'])
    expect(await register(host, 's3://m/program')).toBe('2')
    const after = await reopened(before)
    const settled = ['1 s3://m/first', '2 s3://m/program', '3 s3://m/page']
    await expect.poll(() => here(after), WAIT).toEqual(settled)
    expect(await atHost(host)).toEqual(settled)
    const champion = await ask<{ model_version: Version }>(host, 'registered-models/alias?name=Forest&alias=champion')
    expect(champion.model_version).toMatchObject({
      version: '3',
      status_message: 'Registered as version 2, which another version had before.'
    })
    const there = await after.store.read((r) => getModelVersionByAlias(r, 'Forest', 'champion'))
    expect(there.version).toBe(3)
  })

  test('[SR4] is there after the host has begun again, with what was registered while it was away', async () => {
    const host = await start()
    await ask(host, 'registered-models/create', { name: 'Forest' })
    const [a, b] = [await page(host), await page(host)]
    for (const one of [a, b])
      await expect.poll(() => one.store.read((r) => searchRegisteredModels(r, all)), WAIT).toHaveLength(1)
    await host.stop()
    await registerHere(a, 's3://m/a')
    await registerHere(b, 's3://m/b')
    expect([await here(a), await here(b)]).toEqual([['1? s3://m/a'], ['1? s3://m/b']])
    await host.startAgain()
    for (const { sharing } of [a, b]) await sharing.retry()
    await expect.poll(async () => (await atHost(host)).length, WAIT).toBe(2)
    const settled = await atHost(host)
    expect(settled.map((one) => one[0])).toEqual(['1', '2'])
    for (const one of [a, b]) await expect.poll(() => here(one), WAIT).toEqual(settled)
  })

  test('[SR5] is reached by a link to the whole space, and by none to an experiment', async () => {
    const host = await start('--token', OWNER)
    const send = (path: string, token: string | null, body?: object) =>
      fetch(host.address + path, {
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
        headers: { 'Content-Type': 'application/json', ...(token !== null && { Authorization: `Bearer ${token}` }) }
      })
    const json = async <T>(answer: Promise<Response>): Promise<T> => (await (await answer).json()) as T
    const tokenFor = async (rooms: readonly string[]): Promise<string> => {
      const share = send('/sync/shares', OWNER, { rooms, role: 'editor' })
      const { capability } = await json<{ capability: string }>(share)
      return (await json<{ token: string }>(send('/sync/token', null, { capability }))).token
    }
    const made = send('/api/2.0/mlflow/experiments/create', OWNER, { name: 'shared' })
    const { experiment_id } = await json<{ experiment_id: string }>(made)
    const { id } = await json<SpaceAnswer>(send('/sync/space', OWNER))
    const [one, all] = [await tokenFor([`x.${experiment_id}`]), await tokenFor(['*'])]
    const status = async (token: string, room: string) => (await send(`/sync/rooms/${room}/snapshot`, token)).status
    expect(await status(one, `x.${experiment_id}`)).toBe(200)
    expect(await status(one, `g.${id}`)).toBe(403)
    expect(await status(all, `g.${id}`)).toBe(200)
    expect(await status(OWNER, `g.${id}`)).toBe(200)
    expect(await status(OWNER, 'g.another')).toBe(404)
  })
})
