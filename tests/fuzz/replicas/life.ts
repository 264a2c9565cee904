/** The life of a world: what happens between its beginning and the end, when everybody comes back. */
import { vi } from 'vitest'
import { createExperiment } from '#lib/store/experiments.ts'
import { createRegisteredModel } from '#lib/store/registered-models.ts'
import { createRun } from '#lib/store/runs.ts'
import { REGISTRY } from '#lib/domain/sync/subject.ts'
import { shareExperiment } from '#lib/store/sync/sharing.ts'
import { seeded } from '../bend.ts'
import { act } from './ops.ts'
import type { Peer } from './peer.ts'
import { World } from './world.ts'

const DAY = 24 * 3600 * 1000
const OPERATIONS = 40

/** Ids are random numbers: the case's own. */
function seedIds(seed: number): void {
  const random = seeded(seed ^ 0x5eed)
  vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.integer(256)
    return array
  })
}

/** A hub with two shared experiments, and some peers; most are in both rooms. */
export async function begin(seed: number): Promise<World> {
  seedIds(seed)
  const random = seeded(seed)
  const world = new World(random)
  await world.hub.open()
  for (const name of ['shared', 'other']) {
    const id = await world.hub.store.write(async (tx) => {
      const experimentId = await createExperiment(tx, { name })
      await createRun(tx, { experimentId, name: 'first' })
      return experimentId
    })
    await world.addRoom((await shareExperiment(world.hub.store, id, '')).sharedId)
  }
  await world.hub.store.write((tx) => createRegisteredModel(tx, { name: 'Forest' }))
  await world.addRoom(REGISTRY)
  const peers = 2 + random.integer(4)
  for (let i = 0; i < peers; i++) {
    const peer = world.addPeer(random.integer(3) === 0 ? (random.integer(7) - 3) * DAY : random.integer(60_000))
    const rooms = world.rooms.map(({ id }) => id)
    peer.rooms.push(...(random.integer(4) === 0 ? [random.pick(rooms)] : rooms))
    await peer.open()
    await peer.connect()
  }
  return world
}

export async function live(world: World): Promise<void> {
  for (let i = 0; i < OPERATIONS; i++) {
    const peer = world.random.pick([world.hub, ...world.living()])
    world.now += world.random.integer(2000)
    world.story.push(`${peer.name}: ${await happen(world, peer)}`)
    await world.noteNumbers()
  }
}

/** Something happens at a peer, or to it; returns what. */
async function happen(world: World, peer: Peer): Promise<string> {
  const { random } = world
  const dice = random.integer(1000)
  if (dice < 600) return `${await act(peer, random)}, ${await act(peer, random)}`
  if (dice < 780) return `${world.deliver(1 + random.integer(4))} updates arrive everywhere`
  return peer === world.hub ? happenToHub(world, dice) : happenToPeer(world, peer, dice)
}

async function happenToHub(world: World, dice: number): Promise<string> {
  const { random, hub } = world
  if (dice < 860) {
    await world.flush()
    return 'everybody merges and publishes'
  }
  if (dice < 880) {
    await hub.fetchAwaited()
    return 'fetches'
  }
  if (dice < 910) {
    await world.crashHub()
    return 'crashes'
  }
  if (dice < 920) {
    hub.backup = hub.journal.commits.length
    return 'is backed up'
  }
  if (dice < 925 && hub.backup !== null) {
    await world.crashHub(hub.journal.commits.slice(0, hub.backup))
    return 'comes back from its backup'
  }
  const room = random.pick(world.rooms)
  const how = { drains: random.integer(10) < 7, seeds: random.integer(4) > 0 }
  await world.rotate(room, how)
  return `${room.id.slice(0, 4)} begins again ${JSON.stringify(how)}`
}

async function happenToPeer(world: World, peer: Peer, dice: number): Promise<string> {
  const { random } = world
  if (dice < 860) {
    for (const { replicator } of peer.connections.values()) await replicator.flush()
    return 'merges and publishes'
  }
  if (dice < 900) {
    await (peer.isOnline ? peer.disconnect() : peer.connect())
    return peer.isOnline ? 'connects' : 'disconnects'
  }
  if (dice < 920) {
    await peer.fetchAwaited()
    return 'fetches'
  }
  if (dice < 945) {
    await peer.crash()
    return 'crashes'
  }
  if (dice < 955) {
    peer.backup = peer.journal.commits.length
    return 'is backed up'
  }
  if (dice < 965 && peer.backup !== null) {
    await peer.restore()
    return 'comes back from its backup'
  }
  if (dice < 970) {
    const copy = await world.addCopy(peer)
    await copy.connect()
    return `is copied, as ${copy.name}`
  }
  if (dice < 976) {
    const room = random.pick(world.rooms)
    await peer.join(room.id)
    return `is let into ${room.id.slice(0, 4)}`
  }
  if (dice < 996 && world.living().length > 2) {
    await peer.disconnect()
    peer.isDead = true
    return 'is gone, and never comes back'
  }
  return 'rests'
}
