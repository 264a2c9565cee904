/** What browsers let a page do with the window it opened, or opened before it was reloaded. */
const NAME = 'runnel'
const FEATURES = 'popup,width=480,height=360'
/** Set while a window of ours is open, so that a reloaded notebook looks for it. */
const MARK = 'runnel.window'

/** Null when the browser blocks it. */
export const openRunnelWindow = (url: string): Window | null => tryOpen(url, FEATURES)

/**
 * After a reload of the notebook its window is still there under its name. Only when this tab had one, and only without a user gesture:
 * with one, a browser that does not find the name opens a blank tab.
 */
export function findRunnelWindow(): Window | null {
  const found = hasMark() && !isActivated() ? tryOpen('') : null
  return found === null || found.closed ? null : found
}

/** Firefox throws where a page is sandboxed without pop-ups; the others return null. */
function tryOpen(url: string, features = ''): Window | null {
  try {
    return window.open(url, NAME, features)
  } catch {
    return null
  }
}

/** Whether the browser would let us open a window now. Old browsers do not say; trying is the only way to know. */
export const isActivated = (): boolean =>
  (navigator as Partial<Pick<Navigator, 'userActivation'>>).userActivation?.isActive ?? true

/** A window of another origin does not let us look, which is the answer. */
export function isBlank(opened: Window): boolean {
  try {
    return opened.location.href === 'about:blank'
  } catch {
    return false
  }
}

/** Storage may be forbidden to a sandboxed page: then a reload just asks again. */
function hasMark(): boolean {
  try {
    return sessionStorage.getItem(MARK) !== null
  } catch {
    return false
  }
}

export function markWindow(isOpen: boolean): void {
  try {
    if (isOpen) sessionStorage.setItem(MARK, '1')
    else sessionStorage.removeItem(MARK)
  } catch {
    // As above.
  }
}
