import type { RoomRole, ShareLink, ShareRole } from '#lib/live/sharing.ts'
import { plural } from '../shared/format.ts'

export const ROLE_CHOICES: readonly { readonly value: ShareRole; readonly label: string; readonly text: string }[] = [
  {
    value: 'viewer',
    label: 'Viewer',
    text: 'Sees runs, charts, files and notes as they change. Cannot change anything.'
  },
  {
    value: 'editor',
    label: 'Editor',
    text: 'Logs runs, renames, tags and deletes them, writes notes and comments. Cannot share it with others.'
  }
]

/** What somebody may do, said to themselves. */
export const ROLE_MAY: Readonly<Record<RoomRole, string>> = {
  viewer: 'You can look at everything in it, and change nothing.',
  editor: 'You can log, change and delete its runs, and write notes and comments.',
  owner: 'You share it: what links there are is yours to say.'
}

/** Why a control does nothing for a viewer. */
export const VIEWER_REASON = 'You are a viewer of this experiment: only editors can change it.'

/** A menu's item that changes something, for a viewer. */
export const LOCKED = { disabled: true, note: 'editors only' } as const

/** Why a person of this role cannot change anything; null where they can. */
export const lockOf = (role: RoomRole | null | undefined): string | null => (role === 'viewer' ? VIEWER_REASON : null)

const DAY_MS = 24 * 3600 * 1000

export const EXPIRIES = [
  { value: '1', label: '1 day', days: 1 },
  { value: '7', label: '1 week', days: 7 },
  { value: '30', label: '30 days', days: 30 },
  { value: 'never', label: 'Never', days: null }
] as const

export type Expiry = (typeof EXPIRIES)[number]['value']

/** Epoch ms; null for never. */
export function expiryTime(expiry: Expiry, now: number): number | null {
  const { days } = EXPIRIES.find(({ value }) => value === expiry)!
  return days === null ? null : now + days * DAY_MS
}

/** `viewer · 3 uses`: what is said of a link beside its times. */
export const linkFacts = ({ role, uses }: ShareLink): string =>
  `${role === 'viewer' ? 'Viewer' : 'Editor'} · ${uses === 0 ? 'not used yet' : plural(uses, 'use')}`

export const linkName = ({ name, role }: ShareLink): string => name.trim() || `A link for ${role}s`

export const isOver = ({ expiresTime }: ShareLink, now: number): boolean => expiresTime !== null && expiresTime <= now

/** The newest first; those that are over at the end. */
export const sortLinks = (links: readonly ShareLink[], now: number): ShareLink[] =>
  links.toSorted((a, b) => Number(isOver(a, now)) - Number(isOver(b, now)) || b.createdTime - a.createdTime)

/** An origin as people type it: `ml.example.com`, `127.0.0.1:5000`, `https://ml.example.com/`. Null when it is none. */
export function originTyped(text: string): string | null {
  const typed = text.trim()
  if (typed === '') return null
  const isLoopback = /^(localhost|127\.|\[::1\])/i.test(typed)
  const address = /^[a-z]+:\/\//i.test(typed) ? typed : `${isLoopback ? 'http' : 'https'}://${typed}`
  if (!/^https?:\/\/[^/?#@\s]+\/?$/i.test(address) || !URL.canParse(address)) return null
  return new URL(address).origin
}
