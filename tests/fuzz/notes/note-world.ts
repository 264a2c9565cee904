/** Notes that several type at once, beside the facts of their runs: real stores and documents, over the network of `replicas/world.ts`. */
import * as Y from 'yjs'
import { assert, RunnelError } from '#lib/domain/errors.ts'
import type { RunId } from '#lib/domain/ids.ts'
import type { SharedId } from '#lib/domain/sync/subject.ts'
import type { Reader } from '#lib/store/database.ts'
import { createRun, deleteRun, requireActiveRun, restoreRun } from '#lib/store/runs.ts'
import { deleteRunTag, setRunTags } from '#lib/store/tags.ts'
import { TAGS } from '#lib/domain/tag.ts'
import { findRoom } from '#lib/store/sync/rooms.ts'
import { noteRoot } from '#lib/sync/agreement.ts'
import type { Peer } from '../replicas/peer.ts'
import type { World } from '../replicas/world.ts'
import { NoteDesk, NotePeer } from './note-peer.ts'

const FIRST_WORD = 0x4e00

export async function runsIn(r: Reader, id: SharedId): Promise<RunId[]> {
  const room = await findRoom(r, id)
  if (room === null) return []
  const rows = await r.db
    .selectFrom('runs')
    .select('run_uuid')
    .where('experiment_id', '=', Number(room.experimentId))
    .orderBy('run_uuid')
    .execute()
  return rows.map((row) => row.run_uuid as RunId)
}

export class NoteWorld {
  readonly world: World
  readonly room: SharedId
  readonly peers: NotePeer[]
  hub!: NoteDesk
  /** What was typed in notes that no program sets, a word each time. */
  readonly words: { readonly root: string; readonly word: string }[] = []
  /** What programs set descriptions to, `''` for what they took away, by note. */
  readonly settings = new Map<string, string[]>()
  #next = 0

  constructor(world: World) {
    this.world = world
    this.room = world.rooms[0]!.id
    this.peers = world.peers.map((peer) => new NotePeer(peer, this.room))
  }

  async begin(): Promise<void> {
    await this.#openHub(null)
    for (const peer of this.peers) {
      await peer.peer.join(this.room)
      await peer.connect(this.hub.doc)
    }
  }

  /** The host keeps its documents in the log of the room. */
  async #openHub(kept: Uint8Array | null): Promise<void> {
    this.hub = new NoteDesk(this.world.hub, this.room, true)
    if (kept !== null) Y.applyUpdate(this.hub.doc, kept)
    this.hub.doc.on('update', (update: Uint8Array, origin: unknown) => {
      for (const peer of this.peers) if (peer !== origin && peer.isOnline) peer.down.send(update)
    })
    await this.hub.notes.start()
  }

  async live(operations: number): Promise<void> {
    for (let i = 0; i < operations; i++) {
      this.world.now += this.world.random.integer(2000)
      this.world.story.push(await this.#happen(this.world.random.pick(this.peers)))
    }
  }

  async #happen(at: NotePeer): Promise<string> {
    const { random } = this.world
    const name = at.peer.name
    const dice = random.integer(100)
    if (dice < 35) return `${name}: ${await this.#type(at)}`
    if (dice < 45) return this.#program(random.integer(3) === 0 ? this.world.hub : at.peer)
    if (dice < 60) return `${this.deliver(1 + random.integer(3))} notes arrive`
    if (dice < 66) {
      await this.world.flush()
      return `${this.world.deliver(3)} facts arrive`
    }
    if (dice < 82) {
      await (random.integer(3) === 0 ? this.hub.notes : at.desk?.notes)?.flush()
      return `${name}: tags are written`
    }
    if (dice < 90) {
      if (at.isOnline) at.disconnect()
      else await at.connect(this.hub.doc)
      return `${name}: ${at.isOnline ? 'connects' : 'disconnects'}`
    }
    if (dice < 96) {
      await at.crash(() => at.peer.crash())
      return `${name}: crashes`
    }
    return `hub: ${await this.#endHub(dice)}`
  }

  /** Everybody is sent away, and may come back to the room. */
  async #endHub(dice: number): Promise<string> {
    for (const peer of this.peers) peer.disconnect()
    const kept = Y.encodeStateAsUpdate(this.hub.doc)
    if (dice < 98) {
      this.hub.doc.destroy()
      await this.world.crashHub()
      await this.#openHub(kept)
      return 'crashes'
    }
    await this.hub.close()
    if (dice === 98) {
      await this.#openHub(null)
      return 'the log of its room is lost'
    }
    const meanwhile = [await this.#program(this.world.hub), await this.#program(this.world.hub)]
    await this.#openHub(kept)
    return `nobody is in the room, and ${meanwhile.join(', ')}`
  }

  /** Someone writes a word somewhere into a note. */
  async #type(at: NotePeer): Promise<string> {
    const { random } = this.world
    if (at.desk === null) return 'has no document yet'
    const runs = await at.peer.store.read((r) => runsIn(r, this.room))
    const root = noteRoot(random.pick(['exp', ...runs]))
    const note = at.desk.doc.getText(root)
    // One letter, so that nobody types into the middle of it.
    const word = String.fromCharCode(FIRST_WORD + this.#next++)
    note.insert(random.integer(note.length + 1), word)
    this.words.push({ root, word })
    return `types ${word} into ${root.slice(0, 9)}`
  }

  /** A program makes a run, or sets or takes away its description, or the run goes to the trash and comes back. */
  async #program(at: Peer): Promise<string> {
    const { random } = this.world
    const text = `set ${this.#next++}`
    return at.store.write(async (tx) => {
      const room = await findRoom(tx, this.room)
      assert(room !== null, 'the room is here')
      const runs = await runsIn(tx, this.room)
      const dice = random.integer(5)
      if (dice === 0 || runs.length === 0) {
        const tags = random.integer(2) === 0 ? [] : [{ key: TAGS.note, value: text }]
        const { runId } = await createRun(tx, { experimentId: room.experimentId, tags })
        if (tags.length > 0) this.#noteSet(runId, text)
        return `${at.name}: ${runId.slice(0, 4)} is made${tags.length > 0 ? `, "${text}"` : ''}`
      }
      const id = random.pick(runs)
      try {
        if (dice === 1) await deleteRun(tx, id)
        else if (dice === 2) await restoreRun(tx, id)
        else {
          const run = await requireActiveRun(tx, id)
          await (dice === 3 ? deleteRunTag(tx, run, TAGS.note) : setRunTags(tx, run, [{ key: TAGS.note, value: text }]))
          this.#noteSet(id, dice === 3 ? '' : text)
        }
      } catch (error) {
        if (!(error instanceof RunnelError)) throw error
        return `${at.name}: refused`
      }
      return `${at.name}: ${['', 'deletes', 'restores', 'untags', `sets "${text}" of`][dice]} ${id.slice(0, 4)}`
    })
  }

  #noteSet(id: RunId, text: string): void {
    const root = noteRoot(id)
    this.settings.set(root, [...(this.settings.get(root) ?? []), text])
  }

  deliver(most: number): number {
    return this.peers.reduce((sum, peer) => sum + peer.deliver(this.hub.doc, this.world.random, most), 0)
  }

  async settle(): Promise<void> {
    await this.world.settle()
    for (const peer of this.peers) await peer.connect(this.hub.doc)
    for (let round = 0; ; round++) {
      assert(round < 60, 'notes come to rest')
      let moved = 0
      for (let now = this.deliver(50); now > 0; now = this.deliver(50)) moved += now
      for (const { notes } of this.desks()) await notes.flush()
      await this.world.settle()
      if (moved === 0 && round >= 4) return
    }
  }

  desks(): NoteDesk[] {
    return [this.hub, ...this.peers.flatMap(({ desk }) => desk ?? [])]
  }

  async close(): Promise<void> {
    for (const desk of this.desks()) await desk.close()
  }
}
