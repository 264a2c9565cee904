import type { IconName } from './icons.ts'

export interface MenuItem {
  readonly label: string
  /** A word or two more, at the end of the row. */
  readonly note?: string
  readonly onselect: () => void
  readonly icon?: IconName
  /** Given for items of a choice: drawn with a tick when true. */
  readonly checked?: boolean
  readonly danger?: boolean
  readonly disabled?: boolean
  /** The key that does the same, as in key-combo.ts. */
  readonly combo?: string
}
