/**
 * The keys that work right now. Pages and components add theirs while they are on screen; the last one added wins a key.
 * The shell owns the one Keymap and listens; nothing here touches the document except to look at what has the focus.
 */
import { createContext } from 'svelte'
import { SvelteSet } from 'svelte/reactivity'
import { isMac, pressToCombo, SEQUENCE_MS } from './key-combo.ts'

export interface KeyBinding {
  /** What it does, for the sheet of keys: `Focus the filter`. */
  readonly label: string
  readonly run: (event: KeyboardEvent) => void
  /** Whether it means something at this moment; when false the key goes on to whoever is next. */
  readonly when?: () => boolean
  /** Also while a field has the focus. Only for combinations with `mod`. */
  readonly whileTyping?: boolean
}

/** Combination (key-combo.ts) to what it does. */
export type KeyBindings = Readonly<Record<string, KeyBinding>>

export interface KeyGroup {
  /** Heading on the sheet of keys: `Everywhere`, `Runs`. */
  readonly name: string
  readonly bindings: KeyBindings
}

export class Keymap {
  readonly #groups = new SvelteSet<KeyGroup>()
  readonly #mac: boolean
  #pending: { combo: string; at: number } | null = null

  constructor(mac: boolean = isMac()) {
    this.#mac = mac
  }

  /** Oldest first. Reactive. */
  get groups(): KeyGroup[] {
    return [...this.#groups]
  }

  /** Add bindings; the result takes them away again. */
  add(group: KeyGroup): () => void {
    this.#groups.add(group)
    return () => void this.#groups.delete(group)
  }

  /** Run what a key stands for. True when something did, and the event's default was prevented. */
  handle(event: KeyboardEvent): boolean {
    if (event.defaultPrevented || event.isComposing) return false
    const combo = pressToCombo(event, this.#mac)
    if (combo === null) return false
    const before = this.#pending
    this.#pending = null
    const sequence = before && event.timeStamp - before.at < SEQUENCE_MS ? `${before.combo} ${combo}` : null
    const found = (sequence && this.#find(sequence, event)) || this.#find(combo, event)
    if (found) {
      event.preventDefault()
      found.run(event)
      return true
    }
    if (this.#opensSequence(combo) && !isTyping(event)) this.#pending = { combo, at: event.timeStamp }
    return false
  }

  #find(combo: string, event: KeyboardEvent): KeyBinding | null {
    for (const { bindings } of this.groups.reverse()) {
      const binding = bindings[combo]
      if (!binding || (binding.when && !binding.when())) continue
      if (isTyping(event) && !binding.whileTyping) continue
      if (isUnderDialog(event) && !binding.whileTyping) continue
      return binding
    }
    return null
  }

  #opensSequence(combo: string): boolean {
    return this.groups.some(({ bindings }) => Object.keys(bindings).some((key) => key.startsWith(`${combo} `)))
  }
}

const TYPED_INTO =
  'input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable]'

const isTyping = (event: KeyboardEvent): boolean =>
  event.target instanceof Element && event.target.closest(TYPED_INTO) !== null

/** While a modal dialog or a menu is open, keys are its own. */
const isUnderDialog = (event: KeyboardEvent): boolean =>
  event.target instanceof Element &&
  (event.target.ownerDocument.querySelector('dialog:modal') !== null || event.target.closest('[role=menu]') !== null)

export const [useKeymap, setKeymap] = createContext<Keymap>()

/**
 * Bind keys for as long as the calling component is on screen. Call it while the component is set up.
 *
 *     useKeys('Runs', { '/': { label: 'Focus the filter', run: () => filter.focus() } })
 */
export function useKeys(name: string, bindings: KeyBindings): void {
  const keymap = useKeymap()
  $effect(() => keymap.add({ name, bindings }))
}
