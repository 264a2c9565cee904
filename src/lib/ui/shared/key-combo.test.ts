import { describe, expect, it } from 'vitest'
import { comboToKeys, pressToCombo, type KeyPress } from './key-combo.ts'

const press = (key: string, held: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held
})

describe('a key press', () => {
  it('is named by what it types', () => {
    expect(pressToCombo(press('?', { shiftKey: true }), false)).toBe('?')
    expect(pressToCombo(press('/'), false)).toBe('/')
    expect(pressToCombo(press('X', { shiftKey: true }), false)).toBe('X')
    expect(pressToCombo(press('@', { altKey: true }), true)).toBe('@')
    expect(pressToCombo(press(' '), false)).toBe('Space')
  })

  it('has one name for the command key of each platform', () => {
    expect(pressToCombo(press('k', { ctrlKey: true }), false)).toBe('mod+k')
    expect(pressToCombo(press('k', { metaKey: true }), true)).toBe('mod+k')
    expect(pressToCombo(press('K', { ctrlKey: true, shiftKey: true }), false)).toBe('mod+shift+k')
  })

  it('keeps the other command key apart, so that the browser keeps its own', () => {
    expect(pressToCombo(press('e', { ctrlKey: true }), true)).toBe('ctrl+e')
    expect(pressToCombo(press('e', { metaKey: true }), false)).toBe('meta+e')
  })

  it('says shift for keys that type nothing', () => {
    expect(pressToCombo(press('ArrowDown', { shiftKey: true }), false)).toBe('shift+ArrowDown')
  })

  it('is nothing while only a modifier is down', () => {
    expect(pressToCombo(press('Shift', { shiftKey: true }), false)).toBeNull()
  })
})

describe('keys to draw', () => {
  it('follow the platform', () => {
    expect(comboToKeys('mod+k', true)).toEqual([['⌘', 'K']])
    expect(comboToKeys('mod+k', false)).toEqual([['Ctrl', 'K']])
    expect(comboToKeys('g h', false)).toEqual([['G'], ['H']])
    expect(comboToKeys('Backspace', false)).toEqual([['⌫']])
  })
})
