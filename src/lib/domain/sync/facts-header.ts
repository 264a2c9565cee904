/** The first bytes of encoded facts. docs/sync-protocol.md. */
import { RunnelError } from '../errors.ts'
import { ByteReader, varintBytes, writeVarint } from '../chunk/bytes.ts'
import type { FactsHeader } from './facts.ts'

const VERSION = 1
const HAS_KEYS_HASH = 1
const HASH_BYTES = 8

export const badFacts = (what: string): RunnelError =>
  new RunnelError('DATA_LOSS', `Facts of another store cannot be read: ${what}.`)

export function factsHeaderBytes({ from, to, hlc, keysHash }: FactsHeader): number {
  return 2 + varintBytes(from) + varintBytes(to) + varintBytes(hlc) + (keysHash === null ? 0 : HASH_BYTES)
}

/** Returns where the next byte goes. */
export function writeFactsHeader(out: Uint8Array, { from, to, hlc, keysHash }: FactsHeader): number {
  out[0] = VERSION
  out[1] = keysHash === null ? 0 : HAS_KEYS_HASH
  let at = writeVarint(out, writeVarint(out, writeVarint(out, 2, from), to), hlc)
  if (keysHash !== null)
    for (let i = 0; i < HASH_BYTES; i++) out[at++] = Number.parseInt(keysHash.slice(2 * i, 2 * i + 2), 16)
  return at
}

/** Fails with DATA_LOSS. The reader stands behind the header then. */
export function readFactsHeader(reader: ByteReader): FactsHeader {
  const version = reader.byte()
  if (version !== VERSION) throw badFacts(`their form is ${version}, and this Runnel knows ${VERSION}`)
  const flags = reader.byte()
  if ((flags & ~HAS_KEYS_HASH) !== 0) throw badFacts('they are written in a way this Runnel does not know')
  const [from, to, hlc] = [reader.varint(), reader.varint(), reader.varint()]
  if (from < 1 || to < from) throw badFacts(`they say to be from ${from} to ${to}`)
  const keysHash = (flags & HAS_KEYS_HASH) === 0 ? null : hexOf(reader.take(HASH_BYTES))
  return { from, to, hlc, keysHash }
}

/** The header of encoded facts. Fails with DATA_LOSS. */
export function factsHeader(facts: Uint8Array): FactsHeader {
  return readFactsHeader(new ByteReader(facts))
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
