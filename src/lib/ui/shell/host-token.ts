/**
 * The token of the host that serves this page: what a person typed or followed a link with.
 *
 * It is kept for this tab, or in this browser when the person says so. It never stays in the address, where a bookmark, a screenshot or a
 * link sent on would carry it.
 */
const STORED_AS = 'runnel.host-token'

export interface HostToken {
  readonly text: string
  /** Kept after this tab is closed. */
  readonly isRemembered: boolean
}

export function readHostToken(): HostToken | null {
  const ofTab = read(() => sessionStorage)
  if (ofTab !== null) return { text: ofTab, isRemembered: false }
  const ofBrowser = read(() => localStorage)
  return ofBrowser === null ? null : { text: ofBrowser, isRemembered: true }
}

/** Keep a token, in place of any other; null forgets it. */
export function keepHostToken(token: HostToken | null): void {
  write(() => sessionStorage, token?.isRemembered === false ? token.text : null)
  write(() => localStorage, token?.isRemembered === true ? token.text : null)
}

/** Take `#token=…` out of the address and keep it for this tab. Call it before anything else reads the address. */
export function takeTokenFromAddress(): void {
  const { hash, pathname, search } = location
  const token = new URLSearchParams(hash.slice(1)).get('token')?.trim()
  if (!token) return
  // For this tab alone: a link must not be able to replace what this browser remembers.
  write(() => sessionStorage, token)
  history.replaceState(history.state, '', pathname + search)
}

// A browser that keeps nothing for this page throws here: the token then lasts as long as the page does.

function read(storage: () => Storage): string | null {
  try {
    return storage().getItem(STORED_AS)
  } catch {
    return null
  }
}

function write(storage: () => Storage, text: string | null): void {
  try {
    if (text === null) storage().removeItem(STORED_AS)
    else storage().setItem(STORED_AS, text)
  } catch {
    return
  }
}
