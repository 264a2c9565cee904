/**
 * Which store this page looks at: this browser's, or the one of the host that serves the page.
 *
 *   looking for a host ──► none: this browser, and nothing else is ever said of spaces
 *                     └──► there: what was chosen before in this browser, else the host
 *
 * Invariants
 * - This browser's store is always connected, whatever the page looks at: notebooks log to it, and ask their question in any open tab.
 * - While the host is away, a page that is opened shows what this browser has of it, where it has something; edits wait there. What was open
 *   already stays as it is: a person is asked.
 * - What was found last is believed until the host has answered again, so that a page opens without waiting for it, and while it is away.
 */
import { createContext, tick } from 'svelte'
import type { LiveClient } from '#lib/live/client.ts'
import type { HostInfo } from '#lib/live/host-info.ts'
import { Live } from '#lib/live/live.svelte.ts'
import type { AnswerTo, Query } from '#lib/live/protocol.ts'
import type { SnippetPlace } from '../shared/snippets.ts'
import { HostSpace } from './host-space.svelte.ts'
import type { HostToken } from './host-token.ts'

export type SpaceKind = 'browser' | 'host'

export interface BrowserSpace {
  readonly kind: 'browser'
  readonly name: 'this browser'
  readonly live: Live
}

/** A space to look at: its kind, its name inside a sentence, and its store once that can be asked. */
export type Space = BrowserSpace | HostSpace

export interface SpacesParts {
  readonly browser: LiveClient
  /** The host that serves this page, when it keeps a store; null when it does not. Rejects when nobody answers. */
  readonly probe: () => Promise<HostInfo | null>
  readonly connect: (token: string | null) => LiveClient
  /** Go somewhere that is in every space: what is on screen may be of the space that is being left. */
  readonly leave: () => Promise<void>
  /** What is on screen is in both spaces, and its Default experiment goes by another number in the other one. */
  readonly renumber: (from: string, to: string) => Promise<void>
}

/** What this browser has of the host. */
interface Copy {
  /** What the host's Default experiment goes by here; null when it is not here. */
  readonly ownDefault: string | null
}

const CHOSEN_AS = 'runnel.space'
const FOUND_AS = 'runnel.host'
/** A first answer that takes longer is not waited for: the page opens on this browser, and the host is offered when it answers. */
const PATIENCE_MS = 1500
/** How often a host that is away is looked for. */
const LOOK_AGAIN_MS = 3000

export class Spaces {
  readonly browser: BrowserSpace
  readonly #parts: SpacesParts
  #host = $state.raw<HostSpace | null>(null)
  #kind = $state<SpaceKind | null>(null)
  #chosen: SpaceKind | null = keptChoice()
  #standsIn = $state(false)
  #isBack = $state(false)
  #lookAgain: ReturnType<typeof setInterval> | undefined

  constructor(parts: SpacesParts) {
    this.#parts = parts
    this.browser = { kind: 'browser', name: 'this browser', live: new Live(parts.browser) }
    const known = lastFound()
    if (known) this.#host = new HostSpace(known, parts.connect)
    if (known !== undefined || this.#chosen === 'browser') this.#show(this.#preferred)
    void this.#look()
  }

  /** Null when nobody but this browser keeps a store here. */
  get host(): HostSpace | null {
    return this.#host
  }

  /** Null while it is being found out. */
  get current(): Space | null {
    return this.#kind === 'host' ? this.#host : this.#kind === 'browser' ? this.browser : null
  }

  /** The one that is not looked at; null when there is none. */
  get other(): Space | null {
    return this.#kind === 'host' ? this.browser : this.#host
  }

  /** The host is away, and what this browser has of it is shown in its place. */
  get standsIn(): boolean {
    return this.#standsIn && this.#kind === 'browser'
  }

  /** The same, and the host answers again. */
  get isBack(): boolean {
    return this.standsIn && this.#isBack
  }

  /** Show what this browser has of the host until somebody chooses otherwise. Resolves with false when it has nothing. */
  async standIn(): Promise<boolean> {
    const copy = await this.#findCopy()
    if (copy === null || this.#kind !== 'host') return false
    this.#standsIn = true
    this.#isBack = false
    this.#show('browser')
    this.#lookAgain ??= setInterval(() => void this.#lookForHost(), LOOK_AGAIN_MS)
    if (copy.ownDefault !== null) await this.#parts.renumber('0', copy.ownDefault)
    return true
  }

  /** From its copy to the host itself. */
  async goBack(): Promise<void> {
    if (!this.standsIn) return
    const copy = await this.#findCopy()
    await this.choose('host', { stay: true })
    if (copy !== null && copy.ownDefault !== null) await this.#parts.renumber(copy.ownDefault, '0')
  }

  /** What a person typed. A token this browser is to remember is its worker's, too: it keeps a copy of what the host has. */
  useHostToken(token: HostToken): void {
    this.#host?.useToken(token)
    if (token.isRemembered) void this.#followHost(token.text)
  }

  async #followHost(token: string): Promise<void> {
    const settings = await firstAnswer(this.#parts.browser, { kind: 'sync-settings' })
    // Who shares through another host goes on doing so.
    if (settings === null || (settings.host !== null && settings.host.address !== location.origin)) return
    // That the token is wrong, or the host away, is said where the host itself is shown.
    await this.browser.live.commands.setSyncHost({ address: location.origin, token }).catch(() => undefined)
  }

  /** Look at a space from now on. `stay` when what is on screen is known to be there too. */
  async choose(kind: SpaceKind, { stay = false } = {}): Promise<void> {
    if (kind === this.#kind || (kind === 'host' && this.#host === null)) return
    if (!stay) await this.#parts.leave()
    this.#chosen = kind
    keep(CHOSEN_AS, kind)
    this.#show(kind)
    await tick()
  }

  close(): void {
    clearInterval(this.#lookAgain)
    this.browser.live.client.close()
    this.#host?.close()
  }

  get #preferred(): SpaceKind {
    return this.#host === null || this.#chosen === 'browser' ? 'browser' : 'host'
  }

  #show(kind: SpaceKind): void {
    if (kind === 'host') {
      this.#host?.open()
      this.#standsIn = false
      clearInterval(this.#lookAgain)
      this.#lookAgain = undefined
    }
    this.#kind = kind
  }

  async #look(): Promise<void> {
    let late = false
    const patience = setTimeout(() => {
      late = true
      this.#kind ??= 'browser'
    }, PATIENCE_MS)
    let found: HostInfo | null
    try {
      found = await this.#parts.probe()
    } catch {
      // Away for now: the page is this browser's copy of it, and what was known goes on being believed.
      this.#kind ??= 'browser'
      await this.standIn()
      return
    } finally {
      clearTimeout(patience)
    }
    keep(FOUND_AS, JSON.stringify(found))
    this.#meet(found)
    // Somebody who reads already is not taken elsewhere.
    if (this.#kind === null || found === null || !late) this.#show(this.#preferred)
  }

  async #lookForHost(): Promise<void> {
    const found = await this.#parts.probe().catch(() => null)
    this.#isBack = found !== null
    if (found !== null) this.#meet(found)
  }

  /** Null where this browser follows nothing of the host. */
  async #findCopy(): Promise<Copy | null> {
    const sync = await firstAnswer(this.#parts.browser, { kind: 'sync' })
    if (!sync?.experiments.some(({ host }) => host === location.origin)) return null
    const settings = await firstAnswer(this.#parts.browser, { kind: 'sync-settings' })
    return { ownDefault: settings?.ownDefault ?? null }
  }

  #meet(found: HostInfo | null): void {
    if (found === null) {
      this.#host?.close()
      this.#host = null
    } else if (this.#host === null) this.#host = new HostSpace(found, this.#parts.connect)
    else this.#host.meet(found)
  }
}

export const [useSpaces, setSpaces] = createContext<Spaces>()

/** The space around the calling component. */
export const [useSpace, setSpace] = createContext<Space>()

export const snippetPlace = (space: Space): SnippetPlace => ({
  kind: space.kind,
  origin: location.origin,
  needsToken: space.kind === 'host' && space.found.token
})

/** At the start of a line: `This host`. */
export const spaceLabel = ({ name }: Space): string => name.charAt(0).toUpperCase() + name.slice(1)

const keptChoice = (): SpaceKind | null => {
  const kept = read(CHOSEN_AS)
  return kept === 'browser' || kept === 'host' ? kept : null
}

/** What the probe said last: null for no host, undefined when it never said anything. */
function lastFound(): HostInfo | null | undefined {
  const kept = read(FOUND_AS)
  if (kept === null) return undefined
  try {
    const found = JSON.parse(kept) as Partial<HostInfo> | null
    if (found === null) return null
    const { version, token } = found
    return typeof version === 'string' && typeof token === 'boolean' ? { version, token } : undefined
  } catch {
    return undefined
  }
}

/** Null when it is refused. */
function firstAnswer<Q extends Query>(client: LiveClient, query: Q): Promise<AnswerTo<Q> | null> {
  const { promise, resolve } = Promise.withResolvers<AnswerTo<Q> | null>()
  const watch = client.watch(query, { onAnswer: resolve, onRefused: () => resolve(null) })
  return promise.finally(() => watch.stop())
}

// Where a browser keeps nothing for this page, the choice lasts as long as the page does.

function read(name: string): string | null {
  try {
    return localStorage.getItem(name)
  } catch {
    return null
  }
}

function keep(name: string, text: string): void {
  try {
    localStorage.setItem(name, text)
  } catch {
    return
  }
}
