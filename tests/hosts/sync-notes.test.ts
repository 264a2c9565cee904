/** Notes of a shared experiment: edited together by pages of several browsers, and kept as MLflow's tag. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { afterEach, describe, expect, test } from 'vitest'
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import * as Y from 'yjs'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { createExperiment } from '#lib/store/experiments.ts'
import { createRun, findRunInfo, getRun, requireActiveRun } from '#lib/store/runs.ts'
import { setRunTags } from '#lib/store/tags.ts'
import { noteRoot } from '#lib/sync/agreement.ts'
import { openBrowserStore, type BrowserStore } from '../support/browser-store.ts'
import { startNodeHost } from '../support/node-host.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const WAIT = { timeout: 30_000, interval: 20 }

/** A page that edits notes, as the editor's provider does. */
function page(port: MessagePort): { readonly doc: Y.Doc; readonly awareness: Awareness } {
  const doc = new Y.Doc()
  const awareness = new Awareness(doc)
  const send = (write: (encoder: encoding.Encoder) => void) =>
    port.postMessage({ t: 'note', m: encoding.encode(write) })
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== port)
      send((encoder) => {
        encoding.writeVarUint(encoder, 0)
        writeUpdate(encoder, update)
      })
  })
  awareness.on('update', (_: unknown, origin: unknown) => {
    if (origin === port) return
    send((encoder) => {
      encoding.writeVarUint(encoder, 1)
      encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(awareness, [doc.clientID]))
    })
  })
  port.onmessage = ({ data }: MessageEvent<{ t: string; m: Uint8Array }>) => {
    if (data.t === 'bye') return
    const decoder = decoding.createDecoder(data.m)
    if (decoding.readVarUint(decoder) === 1)
      return applyAwarenessUpdate(awareness, decoding.readVarUint8Array(decoder), port)
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, 0)
    readSyncMessage(decoder, encoder, doc, port)
    if (encoding.length(encoder) > 1) port.postMessage({ t: 'note', m: encoding.toUint8Array(encoder) })
  }
  send((encoder) => {
    encoding.writeVarUint(encoder, 0)
    writeSyncStep1(encoder, doc)
  })
  ends.push(() => {
    port.postMessage({ t: 'bye' })
    awareness.destroy()
    port.close()
  })
  return { doc, awareness }
}

async function openPage({ sharing }: BrowserStore, id: ExperimentId) {
  const { port1, port2 } = new MessageChannel()
  await expect.poll(() => sharing.openNote(port2, id).then(() => 'open', String), WAIT).toBe('open')
  return page(port1)
}

const noteOf = async ({ store }: BrowserStore, id: RunId) =>
  (await store.read((r) => getRun(r, id))).data.tags.find(({ key }) => key === 'mlflow.note.content')?.value

async function shared() {
  const host = await startNodeHost()
  ends.push(host.end)
  const [a, b] = [await openBrowserStore(host.address), await openBrowserStore(host.address)]
  ends.push(a.close, b.close)
  await a.sharing.setHost({ address: host.address, token: null })
  const { experimentId, runId } = await a.store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'notes' })
    const { runId } = await createRun(tx, { experimentId, tags: [{ key: 'mlflow.note.content', value: 'as it was' }] })
    return { experimentId, runId }
  })
  const { link } = await a.sharing.share(experimentId, { role: 'editor', name: '', expiresTime: null })
  await b.sharing.setPersonName('Bea')
  const joined = await b.sharing.join(link, false)
  await expect.poll(() => b.store.read((r) => findRunInfo(r, runId)), WAIT).not.toBeNull()
  return { host, a, b, experimentId, joined, runId }
}

describe('a note of a shared experiment', () => {
  test('[NT1] begins with what the tag said, once, and is typed by several at once', async () => {
    const { a, b, experimentId, joined, runId } = await shared()
    const [pageA, pageB] = [await openPage(a, experimentId), await openPage(b, joined)]
    const [textA, textB] = [pageA, pageB].map(({ doc }) => doc.getText(noteRoot(runId)))
    await expect.poll(() => textB!.toJSON(), WAIT).toBe('as it was')
    textA!.insert(0, 'A says: ')
    textB!.insert(textB!.length, ', says B')
    await expect
      .poll(() => [textA!.toJSON(), textB!.toJSON()], WAIT)
      .toEqual(Array(2).fill('A says: as it was, says B'))
    for (const one of [a, b]) await expect.poll(() => noteOf(one, runId), WAIT).toBe('A says: as it was, says B')
  })

  test('[NT2] that a program sets as a tag is what everybody reads', async () => {
    const { host, a, b, experimentId, joined, runId } = await shared()
    const pageA = await openPage(a, experimentId)
    await openPage(b, joined)
    await expect
      .poll(
        async () =>
          (await host.api('runs/set-tag', { run_id: runId, key: 'mlflow.note.content', value: 'set' })).status,
        WAIT
      )
      .toBe(200)
    await expect.poll(() => pageA.doc.getText(noteRoot(runId)).toJSON(), WAIT).toBe('set')
    await expect.poll(() => noteOf(b, runId), WAIT).toBe('set')
    await b.store.write(async (tx) =>
      setRunTags(tx, await requireActiveRun(tx, runId), [{ key: 'mlflow.note.content', value: 'set again' }])
    )
    await expect.poll(() => pageA.doc.getText(noteRoot(runId)).toJSON(), WAIT).toBe('set again')
  })

  test('[NT3] is typed on with the host away, and nothing of it is lost or doubled when it is back', async () => {
    const { host, a, b, experimentId, joined, runId } = await shared()
    await expect.poll(() => noteOf(b, runId), WAIT).toBe('as it was')
    await host.stop()
    await expect.poll(async () => (await b.sharing.view(joined)).sync, WAIT).toBe('offline')
    const later = await b.reopen()
    ends.push(later.close)
    const pageB = await openPage(later, joined)
    const pageA = await openPage(a, experimentId)
    await expect.poll(() => pageA.doc.getText(noteRoot(runId)).toJSON(), WAIT).toBe('as it was')
    pageA.doc.getText(noteRoot(runId)).insert(0, 'A ')
    await expect.poll(() => pageB.doc.getText(noteRoot(runId)).toJSON(), WAIT).toBe('as it was')
    pageB.doc.getText(noteRoot(runId)).insert(9, ' B')
    await expect.poll(() => noteOf(later, runId), WAIT).toBe('as it was B')
    await host.startAgain()
    await a.sharing.retry()
    await later.sharing.retry()
    for (const { doc } of [pageA, pageB])
      await expect.poll(() => doc.getText(noteRoot(runId)).toJSON(), WAIT).toBe('A as it was B')
  })

  test('[NT4] shows where others are in it', async () => {
    const { a, b, experimentId, joined } = await shared()
    const [pageA, pageB] = [await openPage(a, experimentId), await openPage(b, joined)]
    pageB.awareness.setLocalStateField('cursor', { at: 3 })
    await expect
      .poll(() => [...pageA.awareness.getStates().values()].filter((state) => 'cursor' in state), WAIT)
      .toMatchObject([{ cursor: { at: 3 }, user: { name: 'Bea' } }])
  })
})
