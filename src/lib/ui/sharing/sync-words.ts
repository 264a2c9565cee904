import type { SyncState } from '#lib/live/sharing.ts'
import { plural } from '../shared/format.ts'

export type Tone = 'good' | 'busy' | 'waiting' | 'bad'

export interface SyncWords {
  readonly word: string
  readonly tone: Tone
  /** Whether trying again is a person's to say. */
  readonly canRetry: boolean
}

export interface Synced {
  readonly sync: SyncState
  readonly pending: number
  readonly problem: string | null
  /** Others that are there. */
  readonly people: number
}

/** How things stand between here and the host, in a few words. */
export function syncWords({ sync, pending, problem, people }: Synced): SyncWords {
  switch (sync) {
    case 'refused':
      return { word: `Refused: ${firstSentence(problem ?? 'the host gave no reason')}`, tone: 'bad', canRetry: true }
    case 'offline':
      return {
        word: pending > 0 ? `Offline: ${plural(pending, 'change')} kept here` : 'Offline: changes are kept here',
        tone: 'waiting',
        canRetry: true
      }
    case 'connecting':
      return { word: pending > 0 ? waiting(pending) : 'Connecting', tone: 'busy', canRetry: false }
    case 'syncing':
      return { word: pending > 0 ? waiting(pending) : 'Syncing', tone: 'busy', canRetry: false }
    case 'synced':
      return {
        word: pending > 0 ? waiting(pending) : people > 0 ? `Synced with ${plural(people, 'other')}` : 'Synced',
        tone: pending > 0 ? 'busy' : 'good',
        canRetry: false
      }
  }
}

const waiting = (pending: number): string => `${plural(pending, 'change')} waiting`

/** One line has no room for more; the rest stands where it is opened. */
const firstSentence = (text: string): string => /^.*?[.!?](?=\s|$)/su.exec(text)?.[0].replace(/\.$/, '') ?? text

/** `ml.example.com`; `this host` where it is the page's own. */
export function hostName(host: string | null, own: string = location.origin): string {
  if (host === null || host === own) return 'this host'
  return URL.canParse(host) ? new URL(host).host : host
}
