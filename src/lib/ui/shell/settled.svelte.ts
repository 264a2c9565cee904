/** True once `read()` has been true for `ms` without a break; false at once when it is not. Call it while a component is set up. */
export function createSettled(read: () => boolean, ms: number): { readonly current: boolean } {
  let settled = $state(false)
  $effect(() => {
    settled = false
    if (!read()) return
    const timer = setTimeout(() => (settled = true), ms)
    return () => clearTimeout(timer)
  })
  return {
    get current() {
      return settled
    }
  }
}
