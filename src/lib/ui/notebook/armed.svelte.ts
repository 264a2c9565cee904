/** How long a question has to be on screen, in a window that has the focus, before it can be agreed to. */
export const ARMED_AFTER_MS = 500

/**
 * True once the question `subject()` names has been in front of the person for half a second. A new question, or coming back to the window,
 * starts the time again: a double click that was meant for the page before must not reach it.
 */
export function createArmed(subject: () => number | null): { readonly current: boolean } {
  let armed = $state(false)
  $effect(() => {
    armed = false
    if (subject() === null) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const start = (): void => {
      armed = false
      clearTimeout(timer)
      timer = setTimeout(() => (armed = true), ARMED_AFTER_MS)
    }
    start()
    window.addEventListener('focus', start)
    document.addEventListener('visibilitychange', start)
    return () => {
      clearTimeout(timer)
      window.removeEventListener('focus', start)
      document.removeEventListener('visibilitychange', start)
    }
  })
  return {
    get current() {
      return armed
    }
  }
}
