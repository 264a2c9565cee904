/** Notes that a host's own pages write: no socket leads them into the room, and they are in it all the same. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import { SYNC } from '#lib/domain/limits.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { createExperiment, deleteExperiment } from '#lib/store/experiments.ts'
import { createRun, getRun } from '#lib/store/runs.ts'
import { joinRoom } from '#lib/store/sync/sharing.ts'
import { purge } from '#lib/store/trash.ts'
import { writeSetting } from '#lib/store/settings.ts'
import { ROOTS } from '#lib/sync/agreement.ts'
import { NoteProvider } from '#lib/ui/notes/note-provider.ts'
import { Sharing } from '../../sync-server/sharing/sharing.ts'
import { openNodeStore, type NodeStore } from '../../sync-server/store/open-store.ts'
import { NodeSharing } from '../../sync-server/sync/node-sharing.ts'
import { openRooms, type OpenRooms } from '../../sync-server/sync/open-rooms.ts'
import { MemoryBlobs } from '../support/engines.ts'

const WAIT = { timeout: 30_000, interval: 20 }

let folder: string
let aheadMs = 0
let opened: NodeStore
let rooms: OpenRooms
let sharing: NodeSharing
let experimentId: ExperimentId
let runId: RunId
/** Of its notes, and of its facts. */
let noteRoom: string
let factsRoom: string
const ends: (() => unknown)[] = []

beforeEach(async () => {
  aheadMs = 0
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  folder = await mkdtemp(join(tmpdir(), 'runnel-host-notes-'))
  const clock = (): number => Date.now() + aheadMs
  const databaseFile = join(folder, 'store.db')
  const onFailure = (): void => undefined
  opened = await openNodeStore({ databaseFile, blobs: new MemoryBlobs(clock), clock, onFailure })
  const { store } = opened
  await store.write((tx) => writeSetting(tx, 'host.store-id', 'space'))
  rooms = await openRooms({ store, place: { databaseFile }, onFailure })
  const shares = new Sharing({ file: join(folder, 'sharing.db'), space: 'space', hostToken: null, clock })
  sharing = new NodeSharing({ store, sharing: shares, ...rooms, address: () => 'http://127.0.0.1:5000' })
  ends.push(
    () => rm(folder, { recursive: true, force: true }),
    () => opened.close(),
    () => shares.close(),
    () => rooms.relay.close()
  )
  ;({ experimentId, runId } = await store.write(async (tx) => {
    const experimentId = await createExperiment(tx, { name: 'vision' })
    return { experimentId, runId: (await createRun(tx, { experimentId })).runId }
  }))
  await sharing.share(experimentId, { role: 'editor', name: '', expiresTime: null })
  factsRoom = `x.${experimentId}`
  noteRoom = `n.${experimentId}`
})

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  vi.restoreAllMocks()
})

const openPage = async (name: string): Promise<NoteProvider> => {
  const page = new NoteProvider({
    runId,
    open: (port) => sharing.openNote(port, experimentId),
    isConnected: () => true,
    onConnection: () => () => undefined,
    name,
    isReader: false
  })
  ends.push(() => page.destroy())
  await expect.poll(() => page.state, WAIT).toBe('together')
  return page
}

const noteTag = async (): Promise<string> =>
  (await opened.store.read((r) => getRun(r, runId))).data.tags.find(({ key }) => key === TAGS.note)?.value ?? ''

/** Nobody else is there for longer than a room is kept for. */
const passAWhile = async (): Promise<void> => {
  aheadMs += SYNC.roomIdleMs + 1000
  rooms.relay.tick()
  // What was let go of closes in turns of its own.
  await new Promise((resolve) => setTimeout(resolve, 50))
}

test('[HN1] a room is kept open while a page of the host writes in it, and not after', async () => {
  const page = await openPage('ada')
  page.text.insert(0, 'first minute. ')
  await expect.poll(noteTag, WAIT).toBe('first minute. ')
  await passAWhile()
  expect([page.state, rooms.relay.get(noteRoom)?.state]).toEqual(['together', 'open'])
  page.text.insert(14, 'second minute.')
  await expect.poll(noteTag, WAIT).toBe('first minute. second minute.')
  const other = await openPage('ben')
  expect(other.text.toJSON()).toBe('first minute. second minute.')
  page.destroy()
  other.destroy()
  await expect.poll(() => passAWhile().then(() => rooms.relay.get(noteRoom)), WAIT).toBeNull()
})

test('[HN2] what is typed while a room fails is told to the room that takes its place', async () => {
  const page = await openPage('ada')
  page.text.insert(0, 'before. ')
  await expect.poll(noteTag, WAIT).toBe('before. ')
  rooms.relay.get(noteRoom)!.fail(new Error('the disk'))
  await expect.poll(() => page.state, { timeout: 2000, interval: 1 }).toBe('opening')
  page.text.insert(8, 'after.')
  await expect.poll(() => page.state, WAIT).toBe('together')
  await expect.poll(noteTag, WAIT).toBe('before. after.')
  expect((await openPage('ben')).text.toJSON()).toBe('before. after.')
})

test('[HN3] a page of the host that looks at an experiment is there for whoever comes later', async () => {
  const leave = await sharing.present(experimentId, runId)
  await passAWhile()
  expect(rooms.relay.people(factsRoom)).toMatchObject([{ id: 'host', runId }])
  leave()
  expect(rooms.relay.people(factsRoom)).toEqual([])
  await expect.poll(() => passAWhile().then(() => rooms.relay.get(factsRoom)), WAIT).toBeNull()
})

test('[HN4] go for good with their experiment, and so does what was said of it', async () => {
  const { store } = opened
  const page = await openPage('Ada')
  await vi.waitFor(() => expect(page.state).toBe('together'), WAIT)
  page.text.insert(0, 'a secret')
  const facts = await rooms.relay.open(factsRoom)
  expect(facts.doc.getMap(ROOTS.records).size).toBeGreaterThan(0)
  await store.write((tx) => deleteExperiment(tx, experimentId))
  await store.write((tx) => purge(tx, { runs: [], experiments: [experimentId], loggedModels: [] }))
  await expect.poll(() => rooms.relay.get(factsRoom), WAIT).toBeNull()
  await expect(rooms.relay.open(factsRoom)).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  // One of the same number that comes later begins with nothing.
  await joinRoom(store, experimentId as string as SharedId, 'owner', '')
  const [again, notes] = [await rooms.relay.open(factsRoom), await rooms.relay.open(noteRoom)]
  expect([...again.doc.getMap(ROOTS.records).keys()].filter((key) => key.startsWith('r'))).toEqual([])
  expect(notes.doc.getText(`note/${runId}`).toJSON()).toBe('')
})
