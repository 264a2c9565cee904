/**
 * The bridge page: takes a notebook's hello at the window and hands its port to the store.
 *
 *   hasStorageAccess? ─ no ─► ready { partitioned }, and nothing else ever
 *           │ yes
 *           ▼
 *   connect to the host ─► ready { epoch } ─► hello ─► (consent) ─► port to the host ─► the worker says welcome
 *           ▲                                                            │
 *           └──────────────── the host died: ready again ◄───────────────┘
 *
 * Invariants
 * - A hello's origin is what the browser says it is, never what the message says. Answers go to the window that asked, for that origin.
 * - A partitioned frame never connects: it would open an empty store of its own, and what is logged there would vanish.
 * - A frame never shows a question, nor is one asked `here` on its behalf: it could be hidden, or drawn over.
 * - One answer per nonce, however often a hello is repeated.
 */
import type { Admission, NotebookArrival } from '#lib/live/protocol.ts'
import { BRIDGE_VERSIONS, type Denied, type DeniedReason, type Hello, type Pending, type Ready } from './protocol.ts'
import { parseHello } from './wire-check.ts'

/** The page's connection to the host: what the live door's client offers. */
export interface DoorwayLive {
  readonly connection: 'connecting' | 'open' | 'lost' | 'outdated' | 'blocked'
  readonly info: { readonly epoch: string } | null
  onState(listener: () => void): () => void
  consentFor(origin: string): Promise<'granted' | 'here' | 'tab' | 'nowhere'>
  admit(port: MessagePort, arrival: NotebookArrival): Promise<Admission>
}

export interface DoorwayOptions<Live extends DoorwayLive> {
  readonly window: Window
  /** Called at most once, and never in a partitioned frame. */
  readonly connect: (role: 'frame' | 'bridge-window') => Live
  /** A newer version has taken the store over: load it. */
  readonly reload: () => void
}

export interface Doorway<Live> {
  readonly isFrame: boolean
  /** The connection; null in a partitioned frame. */
  readonly live: Live | null
  close(): void
}

/** Whether this frame's storage is apart from the one a top-level page of ours has. Ask before anything else touches storage. */
async function isPartitioned(target: Window): Promise<boolean> {
  if (!isFramed(target)) return false
  const { document } = target
  // A browser that cannot say may well partition; refusing is what loses nothing.
  if (typeof document.hasStorageAccess !== 'function') return true
  try {
    return !(await document.hasStorageAccess())
  } catch {
    return true
  }
}

const isFramed = (target: Window): boolean => target.parent !== target

/** Open the bridge page's door, and keep it open until `close`. */
export async function openDoorway<Live extends DoorwayLive>(options: DoorwayOptions<Live>): Promise<Doorway<Live>> {
  const { window: target } = options
  const isFrame = isFramed(target)
  if (await isPartitioned(target)) {
    const stop = new Porter(target, null, isFrame).open()
    return { isFrame, live: null, close: stop }
  }
  const live = options.connect(isFrame ? 'frame' : 'bridge-window')
  const porter = new Porter(target, live, isFrame)
  const close = porter.open()
  const stopWatching = live.onState(() => {
    if (live.connection === 'outdated') options.reload()
    else porter.announceNews()
  })
  porter.announceNews()
  return {
    isFrame,
    live,
    close: () => {
      stopWatching()
      close()
    }
  }
}

type Answer = Pending | Denied

class Porter {
  readonly #window: Window
  readonly #live: DoorwayLive | null
  readonly #isFrame: boolean
  /** What became of each hello: its last answer, or null while there is none. */
  readonly #answers = new Map<string, Answer | null>()
  readonly #askers = new Set<Window>()
  #announced: string | null = null

  constructor(target: Window, live: DoorwayLive | null, isFrame: boolean) {
    this.#window = target
    this.#live = live
    this.#isFrame = isFrame
  }

  open(): () => void {
    const onMessage = (event: MessageEvent<unknown>): void => void this.#onMessage(event)
    this.#window.addEventListener('message', onMessage)
    if (this.#live === null) this.#announce('')
    return () => this.#window.removeEventListener('message', onMessage)
  }

  /** Say `ready` when there is a host to hand ports to, once for each. */
  announceNews(): void {
    const { connection, info } = this.#live!
    // A store that this browser keeps in another tab will not come: whoever waits has to hear so.
    const epoch = connection === 'open' ? info!.epoch : connection === 'blocked' ? '' : null
    if (epoch === null) this.#announced = null
    else if (epoch !== this.#announced) this.#announce((this.#announced = epoch))
  }

  #announce(epoch: string): void {
    const ready: Ready = { rnl: 'ready', v: BRIDGE_VERSIONS, epoch, partitioned: this.#live === null }
    const first = this.#isFrame ? this.#window.parent : (this.#window.opener as Window | null)
    for (const listener of new Set([...(first === null ? [] : [first]), ...this.#askers]))
      listener.postMessage(ready, '*')
  }

  async #onMessage({ data, origin, source, ports }: MessageEvent<unknown>): Promise<void> {
    const hello = parseHello(data)
    const [port, ...more] = ports
    // Only windows have an origin that a person can be asked about.
    if (hello === null || port === undefined || more.length > 0 || source === null || !('closed' in source)) return
    const asker = source
    const answer = (message: Answer): void => {
      this.#answers.set(hello.nonce, message)
      asker.postMessage(message, origin === 'null' ? '*' : origin)
    }
    if (this.#answers.has(hello.nonce)) {
      port.close()
      const last = this.#answers.get(hello.nonce)
      if (last) answer(last)
      return
    }
    this.#answers.set(hello.nonce, null)
    this.#askers.add(asker)
    const refusal = this.#refusalOf(hello)
    if (refusal !== null) return answer({ rnl: 'denied', nonce: hello.nonce, reason: refusal })
    try {
      await this.#letIn(hello, port, origin, answer)
    } catch {
      // The host died meanwhile. The next one is announced, and the notebook says hello again.
      port.close()
      this.#answers.delete(hello.nonce)
    }
  }

  #refusalOf(hello: Hello): DeniedReason | null {
    if (this.#live === null) return 'partitioned'
    if (!hello.v.some((version) => (BRIDGE_VERSIONS as readonly number[]).includes(version))) return 'version'
    return this.#live.connection === 'blocked' ? 'unavailable' : null
  }

  async #letIn(hello: Hello, port: MessagePort, origin: string, answer: (message: Answer) => void): Promise<void> {
    const live = this.#live!
    const { nonce, session, writer, client } = hello
    const consent = await live.consentFor(origin)
    const where = this.#isFrame && consent === 'here' ? 'nowhere' : consent
    if (where !== 'granted') answer({ rnl: 'pending', nonce, where })
    if (where === 'nowhere') return port.close()
    const admission = await live.admit(port, { origin, session, writer, name: client.name, version: client.version })
    if (admission.outcome === 'denied') answer({ rnl: 'denied', nonce, reason: admission.reason })
  }
}
