/**
 * The records a zip file is made of, as PKWARE's APPNOTE 6.3 has them, its 64-bit fields included.
 *
 *   for each entry   local header, bytes, descriptor (what the bytes came to: they are written as they come)
 *   at the end       the directory, a header for each entry; where the directory lies
 */
export const SIGNATURES = {
  local: 0x04034b50,
  descriptor: 0x08074b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50
} as const

export const METHODS = { stored: 0, deflated: 8 } as const

/** Bytes of the fixed part of each. */
export const SIZES = { local: 30, central: 46, end: 22, end64: 56, locator64: 20 } as const

/** Names are UTF-8; sizes stand behind the bytes. */
const FLAGS = (1 << 11) | (1 << 3)
export const ENCRYPTED = 1
/** A field that holds this says that the number stands in the 64-bit ones. */
export const FULL32 = 0xffffffff
export const FULL16 = 0xffff
export const EXTRA64 = 1

export interface Entry {
  readonly name: Uint8Array
  readonly method: number
  readonly crc: number
  /** Bytes in the file, and what they are once they are read. */
  readonly packed: number
  readonly size: number
  /** Of its local header. */
  readonly offset: number
  readonly time: number
}

/** Little-endian fields, one after the other. */
class Fields {
  readonly #parts: Uint8Array[] = []

  u16(...values: number[]): this {
    return this.#put(2, values, (view, at, value) => view.setUint16(at, value, true))
  }

  u32(...values: number[]): this {
    return this.#put(4, values, (view, at, value) => view.setUint32(at, value, true))
  }

  u64(...values: number[]): this {
    return this.#put(8, values, (view, at, value) => view.setBigUint64(at, BigInt(value), true))
  }

  bytes(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    return this
  }

  done(): Uint8Array<ArrayBuffer> {
    return joinBytes(this.#parts)
  }

  #put(width: number, values: readonly number[], set: (view: DataView, at: number, value: number) => void): this {
    const view = new DataView(new ArrayBuffer(width * values.length))
    values.forEach((value, i) => set(view, width * i, value))
    return this.bytes(new Uint8Array(view.buffer))
  }
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

const isWide = (...values: number[]): boolean => values.some((value) => value >= FULL32)

/** MS-DOS date and time of an epoch time, UTC: zip files know no time zones. */
function dosTime(ms: number): number {
  const date = new Date(Math.max(ms, Date.UTC(1980, 0, 1)))
  const day = ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
  return ((day << 16) | time) >>> 0
}

/** `isLarge`: its bytes may be 4 GiB or more, so that the descriptor has 64-bit sizes. */
export function localHeader({ name, method, time }: Pick<Entry, 'name' | 'method' | 'time'>, isLarge: boolean) {
  const extra = isLarge ? new Fields().u16(EXTRA64, 16).u64(0, 0).done() : new Uint8Array(0)
  const size = isLarge ? FULL32 : 0
  return new Fields()
    .u32(SIGNATURES.local)
    .u16(isLarge ? 45 : 20, FLAGS, method)
    .u32(dosTime(time), 0, size, size)
    .u16(name.length, extra.length)
    .bytes(name)
    .bytes(extra)
    .done()
}

export function descriptor({ crc, packed, size }: Pick<Entry, 'crc' | 'packed' | 'size'>, isLarge: boolean) {
  const fields = new Fields().u32(SIGNATURES.descriptor, crc)
  return (isLarge ? fields.u64(packed, size) : fields.u32(packed, size)).done()
}

export function centralHeader({ name, method, crc, packed, size, offset, time }: Entry): Uint8Array<ArrayBuffer> {
  const wide = isWide(packed, size, offset)
  const extra = wide ? new Fields().u16(EXTRA64, 24).u64(size, packed, offset).done() : new Uint8Array(0)
  const version = wide ? 45 : 20
  return new Fields()
    .u32(SIGNATURES.central)
    .u16(version, version, FLAGS, method)
    .u32(dosTime(time), crc, wide ? FULL32 : packed, wide ? FULL32 : size)
    .u16(name.length, extra.length, 0, 0, 0)
    .u32(0, wide ? FULL32 : offset)
    .bytes(name)
    .bytes(extra)
    .done()
}

/** What stands behind the directory, which has `count` headers in `size` bytes from `offset` on. */
export function endRecords(count: number, size: number, offset: number): Uint8Array<ArrayBuffer> {
  const fields = new Fields()
  if (isWide(size, offset) || count >= FULL16)
    fields
      .u32(SIGNATURES.end64)
      .u64(SIZES.end64 - 12)
      .u16(45, 45)
      .u32(0, 0)
      .u64(count, count, size, offset)
      .u32(SIGNATURES.locator64, 0)
      .u64(offset + size)
      .u32(1)
  const most = Math.min(count, FULL16)
  return fields
    .u32(SIGNATURES.end)
    .u16(0, 0, most, most)
    .u32(Math.min(size, FULL32), Math.min(offset, FULL32))
    .u16(0)
    .done()
}
