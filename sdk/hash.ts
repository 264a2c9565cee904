/**
 * 128 bits of any bytes, at once: four FNV-1a lanes that stir each other, finished with an avalanche. Not a cryptographic hash; it names
 * things (a run of a session, a dataset's content) where `crypto.subtle` would make the caller wait, or is missing (plain http).
 *
 * returns  32 lower-case hex digits
 */
export function hashBytes(bytes: Uint8Array): string {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  let c = 0x85ebca6b
  let d = 0xc2b2ae35
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    a = Math.imul(a ^ byte, 0x01000193)
    b = Math.imul(b ^ byte ^ (a >>> 15), 0x01000193)
    c = Math.imul(c ^ byte ^ (b >>> 13), 0x01000193)
    d = Math.imul(d ^ byte ^ (c >>> 17), 0x01000193)
  }
  a = avalanche(a ^ bytes.length)
  b = avalanche(b ^ a)
  c = avalanche(c ^ b)
  d = avalanche(d ^ c)
  a = avalanche(a ^ d)
  return [a, b, c, d].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
}

export const hashText = (text: string): string => hashBytes(new TextEncoder().encode(text))

/** Every bit of the input reaches every bit of the output (the murmur3 finalizer's constants). */
function avalanche(lane: number): number {
  let x = lane
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}
