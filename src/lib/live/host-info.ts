/** What a host says of itself to anybody, at HOST_INFO_PATH. */
export interface HostInfo {
  readonly version: string
  /** Whether it answers only those who show its token. */
  readonly token: boolean
}

/** Null for whatever else stands there: a site without a store has `null`, its own page, or nothing. */
export function readHostInfo(text: string): HostInfo | null {
  let info: unknown
  try {
    info = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof info !== 'object' || info === null) return null
  const { store, version, token } = info as Readonly<Record<string, unknown>>
  return store === true && typeof version === 'string' ? { version, token: token === true } : null
}
