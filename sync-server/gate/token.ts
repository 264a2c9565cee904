import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export const newToken = (): string => randomBytes(32).toString('base64url')

/** Whether a token is the one, taking the same time whatever it looks like. */
export const tokenCheck = (token: string): ((shown: string) => boolean) => {
  const wanted = digest(token)
  return (shown) => timingSafeEqual(digest(shown), wanted)
}

/** Tokens a request shows: as a bearer's, or as the password of any user, which is how MLFLOW_TRACKING_PASSWORD travels. */
export const tokenOfAuthorization = (authorization: string | null): string | null => {
  if (authorization === null) return null
  const [, scheme = '', credentials = ''] = /^(\S+) +(\S+) *$/.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return credentials
  if (scheme.toLowerCase() !== 'basic') return null
  const pair = Buffer.from(credentials, 'base64').toString()
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : null
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
