/** Bends a request in one or a few places: in its JSON, in its text, in its query, path, method or headers. Deterministic by seed. */
import { seededRandom } from '#lib/demo/random.ts'
import type { Sent } from './api.test.ts'

export interface Random {
  /** 0 to 1, 1 excluded. */
  readonly unit: () => number
  /** 0 to `below`, excluded. */
  readonly integer: (below: number) => number
  readonly pick: <T>(items: readonly T[]) => T
}

export function seeded(seed: number): Random {
  const unit = seededRandom(seed)
  const integer = (below: number) => Math.floor(unit() * below)
  return { unit, integer, pick: (items) => items[integer(items.length)]! }
}

export function bend(request: Sent, random: Random): Sent {
  const fields = parse(request.body)
  const bends: ((request: Sent) => Sent)[] = [(r) => bendPath(r, random), (r) => bendQuery(r, random)]
  if (fields !== null) {
    // Mostly there: it is where the rules are.
    for (let i = 0; i < 8; i++) bends.push((r) => ({ ...r, body: JSON.stringify(bendTree(fields, random)) }))
    bends.push(
      (r) => bendText(r, random),
      (r) => bendHeaders(r, random),
      (r) => deep(r, random)
    )
  }
  return random.pick(bends)(request)
}

type Tree = unknown

function parse(body: Sent['body']): Record<string, Tree> | null {
  if (typeof body !== 'string') return null
  try {
    const value = JSON.parse(body) as unknown
    return typeof value === 'object' && value !== null ? (value as Record<string, Tree>) : null
  } catch {
    return null
  }
}

const VALUES: readonly (() => Tree)[] = [
  () => null,
  () => true,
  () => '',
  () => ' ',
  () => [],
  () => ({}),
  () => [[]],
  () => [null],
  () => 0,
  () => -0,
  () => -1,
  () => 0.5,
  () => 1e308,
  () => 2 ** 53,
  () => -(2 ** 63),
  () => '9223372036854775807',
  () => '9223372036854775808',
  () => 'NaN',
  () => '-Infinity',
  () => '1e999',
  () => '0x10',
  () => 'a\u0000b',
  () => '\ud800',
  () => '\u202e\u0301é😀',
  () => "' or 1=1; --",
  () => '%2e%2e%2f',
  () => '../../etc/passwd',
  () => '{{run}}',
  () => '__proto__',
  () => 'constructor',
  () => 'x'.repeat(251),
  () => 'é'.repeat(8001),
  () => '😀'.repeat(20_000),
  () => 'FINISHED',
  () => Array.from({ length: 1001 }, (_, i) => i),
  () => ({ key: 'k', value: 'v' }),
  () => [{ key: 'k', value: 1, timestamp: 1 }, 5],
  () => JSON.parse('{"__proto__": {"polluted": true}}') as Tree
]

/** A copy with one to three places changed. */
function bendTree(tree: Tree, random: Random): Tree {
  let bent = structuredClone(tree)
  for (let changes = 1 + random.integer(3); changes > 0; changes--) bent = bendOnce(bent, random)
  return bent
}

function bendOnce(tree: Tree, random: Random): Tree {
  if (typeof tree !== 'object' || tree === null || random.unit() < 0.15) return random.pick(VALUES)()
  if (Array.isArray(tree)) {
    const items = tree as Tree[]
    if (items.length === 0) return [random.pick(VALUES)()]
    const at = random.integer(items.length)
    switch (random.integer(4)) {
      case 0:
        return items.toSpliced(at, 1)
      case 1:
        return items.toSpliced(at, 0, structuredClone(items[at]))
      case 2:
        return Array.from({ length: 101 }, () => structuredClone(items[at]))
      default:
        return items.with(at, bendOnce(items[at], random))
    }
  }
  const entries: readonly (readonly [string, Tree])[] = Object.entries(tree)
  if (entries.length === 0) return { [random.pick(['run_id', 'name', 'key', 'filter'])]: random.pick(VALUES)() }
  const at = random.integer(entries.length)
  const [key, value] = entries[at]!
  switch (random.integer(5)) {
    case 0:
      return Object.fromEntries(entries.toSpliced(at, 1))
    case 1:
      return Object.fromEntries(entries.with(at, [`${key}_`, value]))
    default:
      return Object.fromEntries(entries.with(at, [key, bendOnce(value, random)]))
  }
}

/** No longer JSON, or not UTF-8. */
function bendText(request: Sent, random: Random): Sent {
  const text = request.body as string
  const at = random.integer(text.length)
  switch (random.integer(4)) {
    case 0:
      return { ...request, body: text.slice(0, at) }
    case 1:
      return { ...request, body: JSON.stringify(text) }
    case 2:
      return { ...request, body: text.replace(/:\s*("[^"]*"|[\d.]+)/, ': NaN') }
    default: {
      const bytes = new TextEncoder().encode(text)
      bytes[random.integer(bytes.length)] = random.integer(256)
      return { ...request, body: bytes }
    }
  }
}

const NESTS: readonly (readonly [open: string, close: string])[] = [
  ['[', ']'],
  ['{"a":', '}']
]

/** One value far deeper than anybody's stack. */
function deep(request: Sent, random: Random): Sent {
  const [open, close] = random.pick(NESTS)
  const depth = random.pick([100, 20_000])
  const value = open.repeat(depth) + (open === '[' ? '' : '1') + close.repeat(depth)
  return { ...request, body: (request.body as string).replace(/:\s*("[^"]*"|[\d.]+)/, () => `: ${value}`) }
}

function bendHeaders(request: Sent, random: Random): Sent {
  const type = random.pick(['', 'text/plain', 'application/json; charset=latin1', 'application/x-www-form-urlencoded'])
  return { ...request, headers: type === '' ? {} : { ...request.headers, 'Content-Type': type } }
}

function bendQuery(request: Sent, random: Random): Sent {
  const [path, query = ''] = request.path.split('?')
  const pairs = query === '' ? [] : query.split('&')
  const value = encodeURIComponent(String(random.pick(VALUES)()).toWellFormed())
  if (pairs.length === 0) return { ...request, path: `${path}?run_id=${value}&max_results=${value}` }
  const at = random.integer(pairs.length)
  const [key] = pairs[at]!.split('=')
  const bent = random.pick([pairs.toSpliced(at, 1), pairs.with(at, `${key}=${value}`), [...pairs, pairs[at]!]])
  return { ...request, path: bent.length === 0 ? path! : `${path}?${bent.join('&')}` }
}

function bendPath(request: Sent, random: Random): Sent {
  const [path, query] = request.path.split('?')
  const segments = path!.split('/')
  const at = Math.max(1, random.integer(segments.length))
  const other = encodeURIComponent(String(random.pick(VALUES)()).toWellFormed())
  const bent = random.pick([segments.with(at, other), segments.toSpliced(at, 1), [...segments, other]]).join('/')
  const method = random.pick([request.method, request.method, 'POST', 'DELETE'])
  return { ...request, method, path: query === undefined ? bent : `${bent}?${query}` }
}
