import type { LiveClient, Presence } from '#lib/live/client.ts'
import { useLive } from '#lib/live/live.svelte.ts'

/** Somebody who goes to the next page has not left: that one speaks when it knows where it is. */
const MOVING_MS = 2000

/** Whoever said last where this page looks, of each store it looks at: to one that is left for another nobody else speaks. */
const newest = new WeakMap<LiveClient, symbol>()

/**
 * Say where this page looks for as long as the calling component is on screen; null for nowhere that is shared. Call it while the component
 * is set up.
 */
export function usePresence(where: () => Presence | null): void {
  const { client } = useLive()
  // Said again only when it is somewhere else.
  const said = $derived(JSON.stringify(where()))
  $effect(() => {
    const mine = Symbol()
    newest.set(client, mine)
    const leave = () => {
      setTimeout(() => {
        if (newest.get(client) === mine) client.present(null)
      }, MOVING_MS)
    }
    const at = JSON.parse(said) as Presence | null
    if (at === null) leave()
    else client.present(at)
    return leave
  })
}
