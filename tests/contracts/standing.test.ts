/**
 * What a room may say: of what stands in it, and of nothing else, whatever ids whoever is let into it knows. Ids: ST.
 *
 * One store shares two experiments, `open` and `closed`, and has a third that is its own. Eve is let into `open` alone.
 */
import { describe, expect, test } from 'vitest'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import type { Json } from '#lib/domain/json.ts'
import { hlcOfMs } from '#lib/domain/sync/clock.ts'
import type { Subject, Writer } from '#lib/domain/sync/facts.ts'
import { experimentSubject, modelSubject, runSubject, type SharedId } from '#lib/domain/sync/subject.ts'
import { createExperiment, getExperiment } from '#lib/store/experiments.ts'
import { createLoggedModel, loggedModelInfos } from '#lib/store/logged-models.ts'
import { moveRuns } from '#lib/store/run-moves.ts'
import { createRun, findRunInfo, getRun, requireActiveRun } from '#lib/store/runs.ts'
import { mergeFacts } from '#lib/store/sync/merge.ts'
import { recordsOfRoom } from '#lib/store/sync/publication.ts'
import { joinRoom, shareExperiment } from '#lib/store/sync/sharing.ts'
import { setRunTags } from '#lib/store/tags.ts'
import { ENGINES, openTestStore, type TestStore } from '../support/engines.ts'

let writers = 0

describe.each(ENGINES)('a store that shares two experiments (%s)', (engine) => {
  async function open() {
    const host = await openTestStore(engine)
    const make = (name: string) =>
      host.store.write(async (tx) => {
        const id = await createExperiment(tx, { name })
        return { id, run: (await createRun(tx, { experimentId: id, name: `of ${name}` })).runId }
      })
    const [wide, closed, own] = [await make('open'), await make('closed'), await make('own')]
    const rooms = {
      open: (await shareExperiment(host.store, wide.id, '')).sharedId,
      closed: (await shareExperiment(host.store, closed.id, '')).sharedId
    }
    /** Say something in a room, as somebody whom nothing holds back does. */
    const tell = (room: SharedId, subject: Subject, cells: Readonly<Record<string, Json>>) => {
      host.clock.now += 10
      const hlc = hlcOfMs(host.clock.now)
      const facts = {
        from: 1,
        to: 1,
        cells: Object.entries(cells).map(([field, value]) => ({ field, value, hlc })),
        series: []
      }
      const writer = String(++writers).padStart(11, 'E') as Writer
      return mergeFacts(host.store, room, [{ subject, writer, facts }])
    }
    return { host, rooms, runs: { open: wide.run, closed: closed.run, own: own.run }, ids: { wide, closed, own }, tell }
  }

  const place = async ({ store }: TestStore, id: RunId) => (await store.read((r) => findRunInfo(r, id)))?.experimentId
  const tagsOf = async ({ store }: TestStore, id: RunId) => (await store.read((r) => getRun(r, id))).data.tags

  test('[ST1] lets nobody change, move or delete what stands in another experiment, shared or not', async () => {
    const { host, rooms, runs, ids, tell } = await open()
    for (const [id, home] of [
      [runs.closed, ids.closed.id],
      [runs.own, ids.own.id]
    ] as const) {
      for (const cells of [
        { 't/evil': 'yes' },
        { h: rooms.open },
        { z: true },
        { h: rooms.open, g: { u: '', t: 1, n: 1 } }
      ]) {
        const merged = await tell(rooms.open, runSubject(id), cells)
        expect(merged.changed).toEqual([])
      }
      expect(await place(host, id)).toBe(home)
      expect(await tagsOf(host, id)).not.toContainEqual({ key: 'evil', value: 'yes' })
    }
  })

  test('[ST2] lets nobody put a run into another experiment, or say anything of it', async () => {
    const { host, rooms, ids, tell } = await open()
    const planted = 'e'.repeat(32) as RunId
    await tell(rooms.open, runSubject(planted), { g: { u: 'eve', t: 5, n: 1 }, n: 'planted', h: rooms.closed })
    expect(await place(host, planted)).toBeUndefined()
    await tell(rooms.open, experimentSubject(rooms.closed), { n: 'renamed', x: ['deleted', 1] })
    expect(await host.store.read((r) => getExperiment(r, ids.closed.id))).toMatchObject({
      name: 'closed',
      lifecycleStage: 'active'
    })
  })

  test('[ST3] keeps a run that a room sends elsewhere until the other room tells of it, and then lets it go', async () => {
    const { host, rooms, runs, ids, tell } = await open()
    await tell(rooms.open, runSubject(runs.open), { h: rooms.closed, 't/seen': 'here' })
    expect(await place(host, runs.open)).toBe(ids.wide.id)
    expect(await tagsOf(host, runs.open)).toContainEqual({ key: 'seen', value: 'here' })
    // What is done to it meanwhile does not bring it back.
    host.clock.now += 10
    await host.store.write(async (tx) =>
      setRunTags(tx, await requireActiveRun(tx, runs.open), [{ key: 'mean', value: 'while' }])
    )
    await tell(rooms.closed, runSubject(runs.open), { 't/seen': 'there' })
    expect(await place(host, runs.open)).toBe(ids.closed.id)
    // It is no longer the old room's to say where it stands, or that it is gone.
    for (const cells of [{ h: rooms.open }, { z: true }])
      expect((await tell(rooms.open, runSubject(runs.open), cells)).changed).toEqual([])
    expect(await place(host, runs.open)).toBe(ids.closed.id)
    // Who knew it there goes on telling what it is.
    await tell(rooms.open, runSubject(runs.open), { 't/late': 'yes' })
    expect(await tagsOf(host, runs.open)).toContainEqual({ key: 'late', value: 'yes' })
  })

  test('[ST4] does the same with logged models', async () => {
    const { host, rooms, ids, tell } = await open()
    const { modelId } = await host.store.write((tx) =>
      createLoggedModel(tx, { experimentId: ids.closed.id, name: 'net' })
    )
    const at = async () =>
      (await host.store.read((r) => loggedModelInfos(r, [modelId]))).map(({ experimentId }) => experimentId)
    await tell(rooms.open, modelSubject(modelId), { h: rooms.open, 't/evil': 'yes' })
    await tell(rooms.open, modelSubject(modelId), { z: true })
    expect(await at()).toEqual([ids.closed.id])
    await tell(rooms.closed, modelSubject(modelId), { h: rooms.open })
    expect(await at()).toEqual([ids.closed.id])
    await tell(rooms.open, modelSubject(modelId), { 't/from': 'open' })
    expect(await at()).toEqual([ids.wide.id])
  })

  test('[ST5] is followed from room to room and back by whoever is in both, whichever room tells first', async () => {
    const { host, rooms, runs } = await open()
    const guest = await openTestStore(engine)
    guest.clock.now = host.clock.now
    const homes = new Map<SharedId, ExperimentId>()
    for (const room of [rooms.open, rooms.closed]) {
      homes.set(room, (await joinRoom(guest.store, room, 'editor', 'http://host')).experimentId)
      await mergeFacts(guest.store, room, await recordsOfRoom(host.store, room))
    }
    const order: SharedId[][] = [
      [rooms.open, rooms.closed],
      [rooms.closed, rooms.open],
      [rooms.closed, rooms.open]
    ]
    let to = rooms.closed
    for (const heard of order) {
      host.clock.now += 10
      guest.clock.now = host.clock.now
      const experimentId = await hostExperiment(host, to)
      await host.store.write((tx) => moveRuns(tx, [runs.open], experimentId))
      // A document tells what it told once, wherever that stands now: both rooms say the same.
      const told = (await recordsOfRoom(host.store, to)).filter(({ subject }) => subject === runSubject(runs.open))
      for (const room of [...heard, ...heard]) await mergeFacts(guest.store, room, told)
      expect(await place(guest, runs.open)).toBe(homes.get(to))
      to = to === rooms.closed ? rooms.open : rooms.closed
    }
  })
})

async function hostExperiment({ store }: TestStore, room: SharedId): Promise<ExperimentId> {
  const row = await store.read((r) =>
    r.db.selectFrom('runnel_rooms').select('experiment_id').where('room', '=', room).executeTakeFirstOrThrow()
  )
  return String(row.experiment_id) as ExperimentId
}
