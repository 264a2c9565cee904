/**
 * Links that let somebody in.
 *
 *   <page>/#/join/<subject>.<role>.<secret>[?host=<origin>]
 *
 * All of it stands in the fragment, which browsers send to nobody. What stands before the `?` is the capability: the host counts the secret
 * alone, the rest says to a reader what the link is for. `host` is there when the page is not the host's own.
 */
import type { Role } from './agreement.ts'

export interface Capability {
  /** What it is of, as in a room's name: an experiment's id; `*` for the whole space. */
  readonly subject: string
  readonly role: Exclude<Role, 'owner'>
  /** 128 random bits, base64url. */
  readonly secret: string
}

export interface JoinLink {
  readonly capability: Capability
  /** An origin, `https://ml.example.com:8443`; null for the host of the page. */
  readonly host: string | null
}

/** `<subject>.<role>.<secret>`: also what a program shows in place of a token. */
export const writeCapability = ({ subject, role, secret }: Capability): string => `${subject}.${role}.${secret}`

/** null when the text is none. */
export const parseCapability = (text: string): Capability | null => {
  const [, subject, role, secret] = CAPABILITY.exec(text) ?? []
  return subject === undefined || role === undefined || secret === undefined
    ? null
    : { subject, role: role as Capability['role'], secret }
}

/** `page` is where the app is served, with or without a path; what else it has of query and fragment is dropped. */
export const writeJoinLink = (page: string, { capability, host }: JoinLink): string => {
  const url = new URL('/', page)
  const query = host === null ? '' : `?host=${encodeURIComponent(new URL(host).origin)}`
  return `${url.origin}/${JOIN}${writeCapability(capability)}${query}`
}

/** A whole link, or its fragment alone (`#/join/...`). null when it is none; so is one whose host is no address of the web. */
export const parseJoinLink = (link: string): JoinLink | null => {
  const at = link.indexOf('#')
  const fragment = at === -1 ? '' : link.slice(at)
  if (!fragment.startsWith(JOIN)) return null
  const [text = '', query] = fragment.slice(JOIN.length).split('?', 2)
  const capability = parseCapability(text)
  if (capability === null) return null
  if (query === undefined) return { capability, host: null }
  const host = originOf(new URLSearchParams(query).get('host') ?? '')
  return host === null ? null : { capability, host }
}

const JOIN = '#/join/'
const CAPABILITY = /^([\w-]{1,64}|\*)\.(viewer|editor)\.([\w-]{22})$/

const originOf = (text: string): string | null => {
  if (!/^https?:\/\/[^/?#@\s]+\/?$/i.test(text) || !URL.canParse(text)) return null
  return new URL(text).origin
}
