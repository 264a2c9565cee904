/** One case of notes, from its beginning to what holds of a world at rest. */
import { vi } from 'vitest'
import { noteOf } from '#lib/sync/agreement.ts'
import { findRoom } from '#lib/store/sync/rooms.ts'
import { noteTagOf, type NoteOf } from '#lib/store/sync/note-tags.ts'
import type { Peer } from '../replicas/peer.ts'
import { begin } from '../replicas/life.ts'
import { NoteWorld, runsIn } from './note-world.ts'

const OPERATIONS = 60

/** Fails with what happened in the case. */
export async function checkNotes(seed: number): Promise<void> {
  const warnings: unknown[] = []
  const warn = vi.spyOn(console, 'warn').mockImplementation((...words) => void warnings.push(...words))
  const world = await begin(seed)
  const notes = new NoteWorld(world)
  try {
    await notes.begin()
    await notes.live(OPERATIONS)
    await checkAtRest(notes)
    // A store that was killed takes nothing any more, and those that write to it hear that: from sql.js in these words.
    const strange = warnings.filter((one) => one instanceof Error && !/is stopping|out of memory/.test(one.message))
    if (strange.length > 0) throw new Error('[5] something was not kept', { cause: strange[0] })
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new Error(`FUZZ_SEED=${seed}: ${what}\n\n${world.story.join('\n')}`, { cause: error })
  } finally {
    await notes.close()
    await world.close()
    warn.mockRestore()
  }
}

async function checkAtRest(notes: NoteWorld): Promise<void> {
  const { world, hub } = notes
  const promised = wordsThere(notes)
  await notes.settle()
  const roots = new Set(notes.desks().flatMap((desk) => desk.roots()))
  for (const { peer, desk } of notes.peers)
    for (const root of roots) same(desk?.text(root), hub.text(root), `[1] ${root} of ${peer.name} is like the hub's`)
  for (const peer of [world.hub, ...world.peers]) await checkTags(notes, peer)
  for (const { root, word } of promised)
    if (!notes.settings.has(root))
      same(hub.text(root).split(word).length - 1, 1, `[2] ${word} of ${root} is there once`)
  for (const [root, [text, ...more]] of notes.settings)
    if (more.length === 0 && !notes.words.some((word) => word.root === root))
      same(hub.text(root), text, `[3] what a program set ${root} to`)
}

/** Words somebody was told are kept: those of the hub, and of everyone's documents. */
function wordsThere(notes: NoteWorld): NoteWorld['words'] {
  return notes.words.filter(({ root, word }) => notes.desks().some((desk) => desk.text(root).includes(word)))
}

async function checkTags({ room, hub }: NoteWorld, { name, store }: Peer): Promise<void> {
  const tags = await store.read(async (r) => {
    const found = new Map<NoteOf, string | null>()
    const experimentId = (await findRoom(r, room))!.experimentId
    for (const of of ['exp', ...(await runsIn(r, room))] as NoteOf[])
      found.set(of, await noteTagOf(r, experimentId, of))
    return found
  })
  for (const [of, text] of tags) same(text, hub.text(`note/${of}`), `[4] the tag of ${noteOf(`note/${of}`)} at ${name}`)
}

function same(found: unknown, expected: unknown, what: string): void {
  if (found !== expected) throw new Error(`${what}: ${JSON.stringify(found)} is not ${JSON.stringify(expected)}`)
}
