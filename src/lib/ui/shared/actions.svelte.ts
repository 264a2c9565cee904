/** What can be done right now, for the command palette. Pages add theirs while they are on screen. */
import { createContext } from 'svelte'
import { SvelteSet } from 'svelte/reactivity'
import type { IconName } from './icons.ts'

export interface Action {
  readonly id: string
  /** In the imperative: `Run the demo`. */
  readonly label: string
  readonly icon: IconName
  readonly run: () => void
  /** The key that does the same. */
  readonly combo?: string
}

export class Actions {
  readonly #sources = new SvelteSet<() => readonly Action[]>()

  /** The newest page's first. Reactive. */
  get list(): Action[] {
    return [...this.#sources].reverse().flatMap((source) => source())
  }

  add(source: () => readonly Action[]): () => void {
    this.#sources.add(source)
    return () => void this.#sources.delete(source)
  }
}

export const [useActionList, setActionList] = createContext<Actions>()

/** Offer actions in the palette for as long as the calling component is on screen. Call it while the component is set up. */
export function useActions(source: () => readonly Action[]): void {
  const actions = useActionList()
  $effect(() => actions.add(source))
}
