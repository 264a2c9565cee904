/**
 * Key combinations as text: `mod+k`, `/`, `?`, `shift+ArrowDown`, `g h` (one after the other).
 * `mod` is ⌘ on a Mac and Ctrl elsewhere. A printable key is written as what it types, so `?` needs no `shift+`.
 */
export interface KeyPress {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
}

/** How long the second key of a sequence may take. */
export const SEQUENCE_MS = 1200

/** The combination a key event stands for, or null for a modifier on its own. */
export function pressToCombo(press: KeyPress, mac: boolean): string | null {
  if (['Control', 'Meta', 'Alt', 'Shift', 'AltGraph', 'Dead'].includes(press.key)) return null
  const printable = press.key.length === 1
  const mod = mac ? press.metaKey : press.ctrlKey
  const other = mac ? press.ctrlKey : press.metaKey
  const parts: string[] = []
  if (mod) parts.push('mod')
  if (other) parts.push(mac ? 'ctrl' : 'meta')
  // On a printable key Alt and Shift have already decided what was typed.
  if (press.altKey && (!printable || mod)) parts.push('alt')
  if (press.shiftKey && (!printable || mod)) parts.push('shift')
  parts.push(press.key === ' ' ? 'Space' : mod && printable ? press.key.toLowerCase() : press.key)
  return parts.join('+')
}

const GLYPHS: Readonly<Record<string, string>> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Backspace: '⌫',
  Enter: '↵',
  Escape: 'Esc'
}

/** A combination as keys to draw, one list per press: `mod+k` is [['Ctrl', 'K']], `g h` is [['G'], ['H']]. */
export function comboToKeys(combo: string, mac: boolean): string[][] {
  return combo.split(' ').map((press) => {
    const parts = press === '+' ? ['+'] : press.split('+')
    return parts.map((part) => {
      if (part === 'mod') return mac ? '⌘' : 'Ctrl'
      if (part === 'shift') return mac ? '⇧' : 'Shift'
      if (part === 'alt') return mac ? '⌥' : 'Alt'
      return GLYPHS[part] ?? (part.length === 1 ? part.toUpperCase() : part)
    })
  })
}

export const isMac = (platform: string = globalThis.navigator?.platform ?? ''): boolean => /^(Mac|iP)/.test(platform)
