/** One case, from its beginning to the nine invariants of a world at rest. */
import { shuffle } from '#lib/demo/random.ts'
import type { Json } from '#lib/domain/json.ts'
import { FIELDS, PREFIXES } from '#lib/domain/sync/cells.ts'
import { mergeFacts, type Incoming } from '#lib/store/sync/merge.ts'
import { ownWriters } from '#lib/store/sync/replica.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import { awaitedBlobs } from '#lib/store/sync/awaited-rows.ts'
import { takeBlob } from '#lib/store/sync/awaited.ts'
import type { Store } from '#lib/store/store.ts'
import { openTestStore, type TestStore } from '../../support/engines.ts'
import { projectionOf, winnersIn, type Projection } from '../../support/replicas.ts'
import { begin, live } from './life.ts'
import { joinAny } from './peer.ts'
import { faultsOf, latestAgainstPoints } from './rows.ts'
import type { World } from './world.ts'

/** Fails with what happened in the case. */
export async function check(seed: number, { seeds = true } = {}): Promise<void> {
  const world = await begin(seed)
  world.seeds = seeds
  try {
    await live(world)
    await checkAtRest(world)
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw new Error(`FUZZ_SEED=${seed}: ${what}\n\n${world.story.join('\n')}`, { cause: error })
  } finally {
    await world.close()
  }
}

async function checkAtRest(world: World): Promise<void> {
  world.now += 60_000
  const before = await promised(world)
  await world.settle()
  for (const peer of world.living()) await peer.fetchAll()

  const truth = await everything(world, world.hub.store)
  for (const peer of world.living())
    none(differences(await everything(world, peer.store), truth), `[1] ${peer.name} is like the hub`)
  none(lost(before, truth), '[2] points and versions that somebody was told are kept')
  await world.noteNumbers()
  none(world.lostNumbers, '[10] numbers that the hub gave')
  for (const peer of [world.hub, ...world.living()]) none(await faultsOf(peer.store), `[4] rows of ${peer.name}`)
  // Those of the others are the same.
  none(await latestAgainstPoints(world.hub.store), '[4] series of the hub')
  const winners = await all(world, (room) => winnersIn(world.hub.store, room))
  for (const peer of world.living())
    none(differences(await all(world, (room) => winnersIn(peer.store, room)), winners), `[6] ${peer.name}`)
  none(await world.echo(), '[5] updates though nothing is new')
  none(overgrown(world), '[7] what documents hold beside what they say')
  none(world.missingBlobs, '[8] blobs that were named before they could be fetched')
  await checkNewcomers(world, truth)
}

function none(found: readonly string[], what: string): void {
  if (found.length > 0) throw new Error(`${what}:\n${found.slice(0, 12).join('\n')}`)
}

async function all(world: World, of: (room: SharedId) => Promise<Projection>): Promise<Projection> {
  const parts: Projection[] = []
  for (const { id } of world.rooms) parts.push(await of(id))
  return Object.assign({}, ...parts) as Projection
}

async function everything(world: World, store: Store): Promise<Projection> {
  const projection = await all(world, (room) => projectionOf(store, room))
  for (const [subject, cells] of Object.entries(projection))
    if (Array.isArray(cells)) projection[subject] = cells.filter((cell) => !isOwnAffair(subject, (cell as [string])[0]))
  return projection
}

/**
 * Where a run stands that somebody put where nobody shares, which datasets are kept that no run is fed, and what a version's place is called
 * where its run was: `faultsOf` looks at those.
 */
const isOwnAffair = (subject: string, field: string): boolean =>
  (field === FIELDS.home && !subject.startsWith('v')) ||
  (field === FIELDS.origin && subject.startsWith('v')) ||
  (subject.startsWith('x') && field.startsWith(PREFIXES.dataset))

/** Points and versions somebody was told are kept: those of the hub, and of everyone who lives. */
async function promised(world: World): Promise<Set<string>> {
  const points = new Set<string>()
  for (const peer of [world.hub, ...world.living()]) {
    await peer.fetchAll()
    for (const [name, value] of Object.entries(await everything(world, peer.store)))
      for (const point of [...pointsIn(value), ...versionIn(name, value)]) points.add(`${name} ${point}`)
  }
  return points
}

const pointsIn = (value: Json): readonly string[] =>
  value !== null && typeof value === 'object' && 'points' in value ? (value.points as readonly string[]) : []

/** A version of a model that is there. */
const versionIn = (name: string, value: Json): readonly string[] =>
  name.startsWith('v') && Array.isArray(value) ? ['is there'] : []

/** Those of runs that are gone for good went with them. */
function lost(points: ReadonlySet<string>, truth: Projection): string[] {
  const there = new Set<string>()
  for (const [name, value] of Object.entries(truth))
    for (const point of [...pointsIn(value), ...versionIn(name, value)]) there.add(`${name} ${point}`)
  return [...points].filter((point) => !there.has(point) && truth[point.slice(0, point.indexOf(' '))] !== null)
}

/** What Yjs keeps of what was said before grows with what was said over again, and by little each. */
function overgrown(world: World): string[] {
  return world.rooms.flatMap(({ id, doc }) => {
    const structs = [...doc.doc.store.clients.values()].reduce((sum, { length }) => sum + length, 0)
    const entries = [...doc.subjects()].reduce((sum, subject) => sum + doc.entriesOf(subject).length, 0)
    const allowed = 40 + 6 * entries
    return structs > allowed ? [`${id}: ${structs} structs for ${entries} records and frames`] : []
  })
}

// ── newcomers ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function checkNewcomers(world: World, truth: Projection): Promise<void> {
  const { store, engine } = await newcomer(world, shuffle(saidIn(world), world.random.unit))
  none(differences(await everything(world, store), truth), '[9] a newcomer, in any order')
  none(await faultsOf(store), '[9] rows of a newcomer')
  none([...(await store.read(ownWriters))], '[5] who only heard has said something')
  engine.close()
}

/** All that documents hold: of writers who are dead, too. */
function saidIn(world: World): [SharedId, Incoming][] {
  return world.rooms.flatMap(({ id, doc }) =>
    [...doc.subjects()].flatMap((subject) =>
      doc.entriesOf(subject).flatMap((entry): [SharedId, Incoming][] => {
        const facts = doc.decode(entry)
        return facts === null ? [] : [[id, { subject, writer: entry.writer, facts }]]
      })
    )
  )
}

async function newcomer(world: World, incoming: readonly (readonly [SharedId, Incoming])[]): Promise<TestStore> {
  const store = await openTestStore('node:sqlite')
  store.clock.now = world.now
  for (const { id } of world.rooms) await joinAny(store.store, id)
  for (const [room, one] of incoming) await mergeFacts(store.store, room, [one])
  // What began too late to be understood comes again, and so does what went from room to room.
  for (let changed = 1; changed > 0;) {
    changed = 0
    for (const { id } of world.rooms) {
      const told = incoming.filter(([room]) => room === id).map(([, one]) => one)
      changed += (await mergeFacts(store.store, id, told)).changed.length
    }
  }
  for (const [, bytes] of world.hub.blobs.all()) await store.blobs.put(bytes)
  for (const id of await store.store.read(awaitedBlobs)) await takeBlob(store.store, id)
  return store
}

// ── differences ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What is there and not in the other, the first of it, by subject. */
function differences(found: Projection, truth: Projection): string[] {
  const names = [...new Set([...Object.keys(found), ...Object.keys(truth)])]
  return names.flatMap((name) => {
    const [a, b] = [new Set(parts(found[name])), new Set(parts(truth[name]))]
    const [more, less] = [[...a].filter((part) => !b.has(part)), [...b].filter((part) => !a.has(part))]
    if (more.length + less.length === 0) return []
    return [
      `${name}: ${more.length} more ${more.slice(0, 3).join(' ')}; ${less.length} missing ${less.slice(0, 3).join(' ')}`
    ]
  })
}

function parts(value: Json | undefined): string[] {
  if (value === undefined || value === null) return [String(value)]
  if (Array.isArray(value)) return value.map((one) => JSON.stringify(one))
  return Object.entries(value).flatMap(([name, own]) =>
    Array.isArray(own) ? (own as string[]) : [`${name} ${JSON.stringify(own)}`]
  )
}
