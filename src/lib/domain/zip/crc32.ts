/** The checksum of zip files, as they define it: reflected polynomial 0xEDB88320, begun and ended with all bits turned over. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1
  return sum
})

/** The checksum of bytes that come piece by piece. */
export class Crc32 {
  #sum = 0xffffffff

  add(bytes: Uint8Array): void {
    let sum = this.#sum
    for (let i = 0; i < bytes.length; i++) sum = (sum >>> 8) ^ TABLE[(sum ^ bytes[i]!) & 255]!
    this.#sum = sum
  }

  /** Of all that was added, 32 bits without a sign. */
  get value(): number {
    return (this.#sum ^ 0xffffffff) >>> 0
  }
}
