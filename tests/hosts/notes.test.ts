/** Notes that pages of two browsers write through a real host, down to the tags MLflow keeps them in. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { createRun, findRunInfo, getRun } from '#lib/store/runs.ts'
import { NoteProvider } from '#lib/ui/notes/note-provider.ts'
import { openBrowserStore, type BrowserStore } from '../support/browser-store.ts'
import { startNodeHost } from '../support/node-host.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const WAIT = { timeout: 30_000, interval: 20 }

const browser = async (origin: string): Promise<BrowserStore> => {
  const opened = await openBrowserStore(origin)
  ends.push(opened.close)
  return opened
}

const provide = ({ sharing }: BrowserStore, experimentId: ExperimentId, runId: RunId, name: string): NoteProvider => {
  const provider = new NoteProvider({
    runId,
    open: (port) => sharing.openNote(port, experimentId),
    isConnected: () => true,
    onConnection: () => () => undefined,
    name,
    isReader: false
  })
  ends.push(() => provider.destroy())
  return provider
}

const noteTag = async ({ store }: BrowserStore, runId: RunId): Promise<string> =>
  (await store.read((r) => getRun(r, runId))).data.tags.find(({ key }) => key === TAGS.note)?.value ?? ''

test('[NP7] a note that two browsers write at once is one text, and the tag of the run in both', async () => {
  const host = await startNodeHost([])
  ends.push(host.end)
  const [a, b] = [await browser(host.address), await browser(host.address)]
  await a.sharing.setHost({ address: host.address, token: null })
  const { experimentId, runId } = await a.store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'vision' })
    return { experimentId, runId: (await createRun(tx, { experimentId, name: 'first' })).runId }
  })
  const { link } = await a.sharing.share(experimentId, { role: 'editor', name: '', expiresTime: null })
  const joined = await b.sharing.join(link, false)
  await expect.poll(() => b.store.read((r) => findRunInfo(r, runId)), WAIT).not.toBeNull()
  const ada = provide(a, experimentId, runId, 'ada')
  const ben = provide(b, joined, runId, 'ben')
  await expect.poll(() => [ada.state, ben.state], WAIT).toEqual(['together', 'together'])
  ada.text.insert(0, 'from ada. ')
  ben.text.insert(0, 'from ben. ')
  await expect.poll(() => ada.text.toJSON(), WAIT).toHaveLength(20)
  await expect.poll(() => ben.text.toJSON(), WAIT).toBe(ada.text.toJSON())
  const text = ada.text.toJSON()
  await expect.poll(() => noteTag(a, runId), WAIT).toBe(text)
  await expect.poll(() => noteTag(b, runId), WAIT).toBe(text)
})

test('[NP10] a note goes on in every browser when the host has lost its log of rooms', async () => {
  const host = await startNodeHost([])
  ends.push(host.end)
  const [a, b] = [await browser(host.address), await browser(host.address)]
  await a.sharing.setHost({ address: host.address, token: null })
  const { experimentId, runId } = await a.store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'vision' })
    return { experimentId, runId: (await createRun(tx, { experimentId, name: 'first' })).runId }
  })
  const { link } = await a.sharing.share(experimentId, { role: 'editor', name: '', expiresTime: null })
  const joined = await b.sharing.join(link, false)
  await expect.poll(() => b.store.read((r) => findRunInfo(r, runId)), WAIT).not.toBeNull()
  const ada = provide(a, experimentId, runId, 'ada')
  await expect.poll(() => ada.state, WAIT).toBe('together')
  ada.text.insert(0, 'before. ')
  await expect.poll(() => noteTag(b, runId), WAIT).toBe('before. ')
  await host.stop()
  for (const file of await readdir(host.folder, { recursive: true }))
    if (/\.sync\.db/.test(file)) await rm(join(host.folder, file))
  await host.startAgain()
  await a.sharing.retry()
  await b.sharing.retry()
  ada.text.insert(8, 'meanwhile. ')
  const ben = provide(b, joined, runId, 'ben')
  await expect.poll(() => ben.text.toJSON(), WAIT).toBe('before. meanwhile. ')
  await expect.poll(() => [ada.state, ben.state], WAIT).toEqual(['together', 'together'])
  ada.text.insert(19, 'after.')
  for (const one of [a, b]) await expect.poll(() => noteTag(one, runId), WAIT).toBe('before. meanwhile. after.')
  expect(ben.text.toJSON()).toBe('before. meanwhile. after.')
})
