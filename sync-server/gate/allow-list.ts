/** Who may be asked for, and who may ask: the Host and Origin allow-lists, with MLflow's patterns. */

export interface AllowList {
  readonly allows: (value: string) => boolean
  /** `*` is in it. */
  readonly allowsAll: boolean
}

/**
 * Names this server answers to.
 *
 * patterns  `name`, `name:port`, with `*` for anything; null for MLflow's defaults: loopback and private networks
 */
export const hostAllowList = (patterns: readonly string[] | null): AllowList =>
  patterns === null ? { allows: isLocalAddress, allowsAll: false } : patternList(patterns)

/** Origins whose pages may change things and read answers, besides those of this machine and the host's own. */
export const originAllowList = (patterns: readonly string[]): AllowList => {
  const listed = patternList(patterns)
  return { ...listed, allows: (origin) => isLocalOrigin(origin) || listed.allows(origin) }
}

/**
 * MLflow's defaults are patterns such as `10.*`, which a name like `10.example.com` fits too: somebody else's name that resolves to this
 * machine. Here they are for addresses alone.
 */
const isLocalAddress = (host: string): boolean => {
  const name = /^(.*?)(?::\d{1,5})?$/.exec(host.toLowerCase())?.[1] ?? ''
  if (name === 'localhost' || name === '[::1]' || /^\[f[cd][0-9a-f:]*\]$/.test(name)) return true
  const bytes = name.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : NaN))
  if (bytes.length !== 4 || !bytes.every((byte) => byte <= 255)) return false
  const [first = 0, second = 0] = bytes
  return (
    name === '127.0.0.1' ||
    name === '0.0.0.0' ||
    first === 10 ||
    (first === 192 && second === 168) ||
    (first === 172 && second >= 16 && second < 32)
  )
}

/** A page of this machine, whatever its port: notebooks run there. `null`, of sandboxed frames and files, is nobody's. */
const isLocalOrigin = (origin: string): boolean =>
  /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(origin)

const patternList = (patterns: readonly string[]): AllowList => {
  const allowsAll = patterns.includes('*')
  const expressions = patterns.map(patternToExpression)
  return { allowsAll, allows: (value) => allowsAll || expressions.some((expression) => expression.test(value)) }
}

/** Hosts and origins have no case. */
const patternToExpression = (pattern: string): RegExp =>
  new RegExp(`^${pattern.split('*').map(escapeExpression).join('.*')}$`, 'i')

const escapeExpression = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
