/**
 * Lists of keys, told apart by a hash. Runs of one experiment have the same params, tags and metrics: what they are called is said once.
 */

/** 64 bits of a text as 16 hex digits: FNV-1a in two halves that begin differently. For names, not against forgery. */
export function keysHash(keys: string): string {
  return half(keys, 0x811c9dc5) + half(keys, 0x9747b28c)
}

function half(text: string, seed: number): string {
  let hash = seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  // The last characters have hardly been mixed yet.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39)
  return ((hash ^ (hash >>> 15)) >>> 0).toString(16).padStart(8, '0')
}

/** Lists by hash: `keep` when facts are written, `find` when they are read; null when a list is not there. */
export interface KeyLists {
  find(hash: string): readonly string[] | null
  keep(hash: string, keys: string): void
}

/** In memory. */
export class KeyListMap implements KeyLists {
  readonly #lists = new Map<string, readonly string[]>()
  readonly #texts = new Map<string, string>()

  find(hash: string): readonly string[] | null {
    return this.#lists.get(hash) ?? null
  }

  keep(hash: string, keys: string): void {
    if (this.#lists.has(hash)) return
    this.#lists.set(hash, parseKeys(keys))
    this.#texts.set(hash, keys)
  }

  entries(): IterableIterator<[string, string]> {
    return this.#texts.entries()
  }
}

/** A list as text: JSON. Fails with a SyntaxError, or TypeError when it is no list of texts. */
export function parseKeys(text: string): readonly string[] {
  const keys: unknown = JSON.parse(text)
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) throw new TypeError('not a list of keys')
  return keys
}
