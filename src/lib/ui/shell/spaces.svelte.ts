/**
 * Which store this page looks at: this browser's, or the one of the host that serves the page.
 *
 *   looking for a host ──► none: this browser, and nothing else is ever said of spaces
 *                     └──► there: what was chosen before in this browser, else the host
 *
 * Invariants
 * - This browser's store is always connected, whatever the page looks at: notebooks log to it, and ask their question in any open tab.
 * - What was found last is believed until the host has answered again, so that a page opens without waiting for it, and while it is away.
 */
import { createContext, tick } from 'svelte'
import type { LiveClient } from '#lib/live/client.ts'
import type { HostInfo } from '#lib/live/host-info.ts'
import { Live } from '#lib/live/live.svelte.ts'
import type { SnippetPlace } from '../shared/snippets.ts'
import { HostSpace } from './host-space.svelte.ts'

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
}

const CHOSEN_AS = 'runnel.space'
const FOUND_AS = 'runnel.host'
/** A first answer that takes longer is not waited for: the page opens on this browser, and the host is offered when it answers. */
const PATIENCE_MS = 1500

export class Spaces {
  readonly browser: BrowserSpace
  readonly #parts: SpacesParts
  #host = $state.raw<HostSpace | null>(null)
  #kind = $state<SpaceKind | null>(null)
  #chosen: SpaceKind | null = keptChoice()

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
    this.browser.live.client.close()
    this.#host?.close()
  }

  get #preferred(): SpaceKind {
    return this.#host === null || this.#chosen === 'browser' ? 'browser' : 'host'
  }

  #show(kind: SpaceKind): void {
    if (kind === 'host') this.#host?.open()
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
      return
    } finally {
      clearTimeout(patience)
    }
    keep(FOUND_AS, JSON.stringify(found))
    this.#meet(found)
    // Somebody who reads already is not taken elsewhere.
    if (this.#kind === null || found === null || !late) this.#show(this.#preferred)
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
