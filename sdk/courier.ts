/**
 * Finds a page of Runnel's origin that can hand a port to the store, and carries hellos to it.
 *
 *   window from before a reload ──► hidden frame ──► (partitioned, or consent is needed) ──► window, opened by a click
 *
 * Invariants
 * - A hello goes only to Runnel's origin, and an answer counts only when it comes from the very window we asked and from that origin.
 * - A frame whose storage is partitioned is never used: what it logged would vanish.
 * - There is at most one such page, shared by everything in this notebook that logs to one Runnel.
 */
import type { Denied, Hello, Pending, WindowMessageToClient } from '#lib/bridge/protocol.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import { createConnectNotice, type ConnectNotice } from './connect-notice.ts'
import { findRunnelWindow, isActivated, isBlank, markWindow, openRunnelWindow } from './runnel-window.ts'

/** Who asks for a connection. */
export interface Caller {
  /** Names the hello whose answer is awaited; null when none is. */
  readonly nonce: string | null
  /** A bridge page is there, for the first time or anew. `epoch` is the instance of the store's host; null when not known. */
  onReady(epoch: string | null): void
  onAnswer(answer: Pending | Denied): void
  /** Nothing goes on until a person does something. */
  onWaiting(message: string): void
  /** It cannot be done from this page. */
  onImpossible(error: RunnelError): void
}

/** A frame that is not ready by then will not be: the address is wrong, or the browser does not let us there. */
const FRAME_TIMEOUT_MS = 5000
/** A window in front of a person gets longer before they are told that something is wrong. */
const WINDOW_TIMEOUT_MS = 15_000
const CLOSED_CHECK_MS = 250
/** Nobody closes a window by hand sooner than this. */
const SEVERED_MS = 3000

export class Courier {
  readonly origin: string
  readonly #callers = new Set<Caller>()
  readonly #notice: ConnectNotice
  #frame: HTMLIFrameElement | null = null
  #frameTimer: ReturnType<typeof setTimeout> | null = null
  #window: Window | null = null
  #windowTimer: ReturnType<typeof setInterval> | null = null
  /** The page hellos go to, once it can take them. */
  #ready: Window | null = null
  #epoch: string | null = null
  #isSearching = false
  /** What a person was asked to do, while they have not. */
  #waiting: string | null = null
  #isPartitioned = false
  #mayFindOldWindow = true

  constructor(origin: string, el: Element | null) {
    this.origin = origin
    this.#notice = createConnectNotice(el)
    addEventListener('message', (event) => this.#onMessage(event))
  }

  join(caller: Caller): void {
    this.#callers.add(caller)
    if (this.#ready !== null) caller.onReady(this.#epoch)
    else if (this.#waiting !== null) caller.onWaiting(this.#waiting)
    else this.#search()
  }

  leave(caller: Caller): void {
    this.#callers.delete(caller)
    if (this.#callers.size === 0) this.#notice.hide()
  }

  /** The caller is connected: nobody needs to be asked any more. */
  settled(): void {
    this.#notice.hide()
  }

  /** Whether there is a page to send a hello to. */
  get isReady(): boolean {
    return this.#ready !== null
  }

  knock(hello: Hello, port: MessagePort): void {
    this.#ready?.postMessage(hello, this.origin, [port])
  }

  /** Somebody has to decide, and no window shows the question: open one. */
  needWindow(): void {
    if (this.#window !== null && !this.#window.closed) return
    this.#isSearching = true
    this.#openWindow()
  }

  /** Tell the person where the question is. */
  pointTo(text: string): void {
    this.#notice.show(text)
  }

  /** The page does not answer. Load it again; a window that was closed is looked for from the start. */
  revive(): void {
    if (this.#isSearching && this.#ready === null) return
    this.#ready = null
    this.#isSearching = false
    if (this.#window !== null && !this.#window.closed) {
      this.#isSearching = true
      this.#window.location.replace(this.#url)
      return
    }
    this.#forgetWindow()
    this.#dropFrame()
    this.#search()
  }

  get #url(): string {
    return `${this.origin}/bridge`
  }

  // ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #search(): void {
    if (this.#isSearching) return
    this.#isSearching = true
    if (this.#findOldWindow()) return
    if (this.#isPartitioned) this.#openWindow()
    else this.#openFrame()
  }

  #openFrame(): void {
    const frame = document.createElement('iframe')
    frame.src = this.#url
    frame.title = 'Connection to Runnel'
    frame.tabIndex = -1
    frame.setAttribute('aria-hidden', 'true')
    frame.style.cssText = 'display:none'
    this.#frame = frame
    this.#frameTimer = setTimeout(() => {
      this.#dropFrame()
      this.#openWindow()
    }, FRAME_TIMEOUT_MS)
    ;(document.body ?? document.documentElement).append(frame)
  }

  #dropFrame(): void {
    if (this.#frameTimer !== null) clearTimeout(this.#frameTimer)
    this.#frameTimer = null
    this.#frame?.remove()
    this.#frame = null
  }

  #findOldWindow(): boolean {
    const found = this.#mayFindOldWindow ? findRunnelWindow() : null
    this.#mayFindOldWindow = false
    if (found === null) return false
    this.#watchWindow(found)
    if (isBlank(found)) found.location.replace(this.#url)
    // It was ready long ago and will not say so again: knock at once.
    else this.#announce(found, null)
    return true
  }

  #openWindow(): void {
    if (!isActivated()) return this.#askForClick('Runnel keeps this notebook’s runs in its own window.')
    const opened = openRunnelWindow(this.#url)
    if (opened === null)
      return this.#askForClick('The browser blocked Runnel’s window. Allow pop-ups for this page, then connect.')
    // A page that isolates itself gets a handle that is closed from the start (measured in Chromium and Firefox).
    if (opened.closed) return this.#severed()
    this.#waiting = null
    this.#watchWindow(opened)
    this.#notice.show('Waiting for Runnel’s window.')
    setTimeout(() => {
      if (this.#window !== opened || this.#ready === opened) return
      this.#askForClick(`Runnel’s window does not answer. Is Runnel running at ${this.origin}?`)
    }, WINDOW_TIMEOUT_MS)
  }

  #askForClick(text: string): void {
    this.#notice.show(text, { label: 'Connect to Runnel', onPress: () => this.#openWindow() })
    this.#waiting = `${text} Press “Connect to Runnel” in the page.`
    for (const caller of [...this.#callers]) caller.onWaiting(this.#waiting)
  }

  #severed(): void {
    this.#isSearching = false
    this.#notice.hide()
    const error = new RunnelError(
      'INVALID_STATE',
      'Runnel’s window went away at once. If it is still open, this page is cut off from it by its own Cross-Origin-Opener-Policy: ' +
        'serve the notebook without that header, or with same-origin-allow-popups. If it was closed, call connect() to try again.'
    )
    for (const caller of [...this.#callers]) caller.onImpossible(error)
  }

  #watchWindow(opened: Window): void {
    this.#window = opened
    markWindow(true)
    if (this.#windowTimer !== null) clearInterval(this.#windowTimer)
    const since = performance.now()
    this.#windowTimer = setInterval(() => {
      if (!opened.closed) return
      const wasReady = this.#ready === opened
      this.#forgetWindow()
      // A page that isolates itself loses the window as soon as that has loaded (measured: 0.4 s on a busy machine).
      if (!wasReady && performance.now() - since < SEVERED_MS) return this.#severed()
      // A connection that is open outlives the window as long as another Runnel page does; a lost one comes back through revive().
      const isNeeded = this.#isSearching || [...this.#callers].some((caller) => caller.nonce !== null)
      if (!isNeeded) return
      this.#isSearching = true
      this.#askForClick('Runnel’s window was closed before it connected.')
    }, CLOSED_CHECK_MS)
  }

  #forgetWindow(): void {
    if (this.#windowTimer !== null) clearInterval(this.#windowTimer)
    this.#windowTimer = null
    if (this.#ready === this.#window) this.#ready = null
    this.#window = null
    markWindow(false)
  }

  // ── hearing ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #onMessage({ source, origin, data }: MessageEvent<unknown>): void {
    if (origin !== this.origin || source === null) return
    const isFrame = this.#frame !== null && source === this.#frame.contentWindow
    if (!isFrame && source !== this.#window) return
    const message = parseAnswer(data)
    if (message === null) return
    if (message.rnl !== 'ready') {
      for (const caller of [...this.#callers]) if (caller.nonce === message.nonce) caller.onAnswer(message)
    } else if (isFrame && message.partitioned) {
      this.#isPartitioned = true
      this.#dropFrame()
      this.#openWindow()
    } else if (isFrame && this.#window !== null && this.#ready === this.#window) {
      // A window took over from the frame; the frame's news is the window's news too.
    } else this.#announce(source, message.epoch)
  }

  #announce(page: Window, epoch: string | null): void {
    if (this.#frameTimer !== null) clearTimeout(this.#frameTimer)
    this.#frameTimer = null
    this.#ready = page
    this.#epoch = epoch
    this.#waiting = null
    this.#isSearching = false
    for (const caller of [...this.#callers]) caller.onReady(epoch)
  }
}

function parseAnswer(data: unknown): WindowMessageToClient | null {
  if (typeof data !== 'object' || data === null || !('rnl' in data)) return null
  const message = data as Partial<Record<string, unknown>>
  if (message['rnl'] === 'ready')
    return typeof message['epoch'] === 'string' && typeof message['partitioned'] === 'boolean'
      ? (data as WindowMessageToClient)
      : null
  if (message['rnl'] !== 'pending' && message['rnl'] !== 'denied') return null
  return typeof message['nonce'] === 'string' ? (data as WindowMessageToClient) : null
}
