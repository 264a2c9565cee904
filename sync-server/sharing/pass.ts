import { parseCapability } from '#lib/sync/link.ts'

/** The type in the header of this host's tokens (RFC 8725, 3.11): those of other programs are none, and are not looked at. */
export const TOKEN_TYPE = 'runnel+jwt'

/**
 * Whether a text says of itself that it came by a share: a token of this host, or the capability of a link. Nothing is believed yet. A host
 * that asks for no token passes over whatever else is shown, as it always has.
 */
export const looksLikePass = (text: string): boolean => text.includes('.') && (isToken(text) || isCapability(text))

export const isCapability = (text: string): boolean => parseCapability(text) !== null

const isToken = (text: string): boolean => {
  const [header = '', payload, signature, more] = text.split('.', 4)
  if (payload === undefined || signature === undefined || more !== undefined) return false
  try {
    const fields = JSON.parse(Buffer.from(header, 'base64url').toString()) as { readonly typ?: unknown } | null
    return typeof fields?.typ === 'string' && fields.typ.toLowerCase() === TOKEN_TYPE
  } catch {
    return false
  }
}
