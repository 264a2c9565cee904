/**
 * What may stand where in a room, by its kind. docs/sync-protocol.md says the same in words.
 *
 *   x, g   s.<hash> a text   f.<key> bytes   t.<key> an array of bytes   m nothing: the host's own
 *   n      note/<run, or exp> what is typed
 *   i      nothing: the host's own
 */
import { readFactsHeader } from '#lib/domain/sync/facts-header.ts'
import { ByteReader } from '#lib/domain/chunk/bytes.ts'
import { keysHash, parseKeys } from '#lib/domain/sync/key-lists.ts'
import { isOfRegistry, parseSubject } from '#lib/domain/sync/subject.ts'
import { hlcOfMs } from '#lib/domain/sync/clock.ts'
import { SYNC } from '#lib/domain/limits.ts'
import { RunnelError } from '#lib/domain/errors.ts'
import { noteOf, ROOTS, type RoomKind } from '#lib/sync/agreement.ts'
import { badFact, malformed, tooLarge } from './refusal.ts'
import type { Struct } from './update-scan.ts'

/** `inside`: in the array or text that stands under the key. */
export interface Place {
  readonly root: string
  readonly key: string | null
  readonly inside: boolean
}

/** Fails with a Refusal. */
export type Rule = (struct: Struct, key: string, nowMs: number) => void

/** Of a root: what may stand in it by itself, as the value of a key, and inside that; null when nothing may. */
export interface RootRules {
  readonly own: Rule | null
  readonly value: Rule | null
  readonly inside: Rule | null
}

/** null when nothing is written to that root. */
export function rulesOf(kind: RoomKind, root: string): RootRules | null {
  if (kind === 'n') return noteOf(root) === null ? null : NOTE
  return FACTS[kind]?.get(root) ?? null
}

const WRITER = String.raw`[\w-]{11}`
const KEY = new RegExp(`^([^:]+):${WRITER}(~${WRITER})?$`, 'u')

/** Whoever is let into the room of an experiment says nothing of the registry there. */
function isSubject(kind: 'x' | 'g', subject: string): boolean {
  const of = parseSubject(subject)
  return of !== null && isOfRegistry(of) === (kind === 'g')
}

function factsRules(kind: 'x' | 'g'): ReadonlyMap<string, RootRules> {
  const keyed =
    (rule: Rule): Rule =>
    (struct, key, nowMs) => {
      const [, subject] = KEY.exec(key) ?? []
      if (subject === undefined || !isSubject(kind, subject)) throw malformed(`${shown(key)} names no facts`)
      rule(struct, key, nowMs)
    }
  return new Map<string, RootRules>([
    [ROOTS.keys, { own: null, value: keyList, inside: null }],
    [ROOTS.records, { own: null, value: keyed(factsOf(SYNC.recordBytes, 'a record')), inside: null }],
    [ROOTS.tails, { own: null, value: keyed(only('array')), inside: factsOf(SYNC.frameBytes, 'a frame') }]
  ])
}

function only(kind: Struct['kind']): Rule {
  return (struct, key) => {
    if (struct.kind !== kind) throw malformed(`${shown(key)} holds what it cannot hold`)
  }
}

/** Lists are named by what is in them. */
function keyList({ text }: Struct, key: string): void {
  if (text === null) throw malformed(`${shown(key)} is no list of keys`)
  if (text.length > SYNC.keysLength) throw tooLarge('a list of keys is too long')
  if (keysHash(text) !== key || !isKeyList(text)) throw malformed(`${shown(key)} does not name its list of keys`)
}

function isKeyList(text: string): boolean {
  try {
    parseKeys(text)
    return true
  } catch {
    return false
  }
}

function factsOf(mostBytes: number, what: string): Rule {
  return ({ bytes }, key, nowMs) => {
    if (bytes === null) throw malformed(`${shown(key)} holds what are no facts`)
    if (bytes.length > mostBytes) throw tooLarge(`${what} has ${bytes.length} bytes, and may have ${mostBytes}`)
    if (hlcOf(bytes) > hlcOfMs(nowMs + SYNC.aheadMs)) throw badFact('a fact is of a time that is still to come')
  }
}

function hlcOf(bytes: Uint8Array): number {
  try {
    return readFactsHeader(new ByteReader(bytes)).hlc
  } catch (error) {
    if (error instanceof RunnelError) throw badFact('facts of a form that is not known here')
    throw error
  }
}

const shown = (key: string): string => JSON.stringify(key.slice(0, 40))

const FACTS: Readonly<Partial<Record<RoomKind, ReadonlyMap<string, RootRules>>>> = {
  x: factsRules('x'),
  g: factsRules('g')
}

const NOTE: RootRules = { own: only('string'), value: null, inside: null }
