import { generateKeyPairSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT, UnsecuredJWT, decodeJwt, decodeProtectedHeader, exportSPKI } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SYNC } from '#lib/domain/limits.ts'
import { parseCapability } from '#lib/sync/link.ts'
import { TOKEN_TYPE, looksLikePass } from './pass.ts'
import type { NewShare } from './share.ts'
import { Sharing } from './sharing.ts'
import { SharingFile } from './sharing-file.ts'

const START = 1_800_000_000_000
const ANN = { name: 'Ann', client: 'ann-browser' }

let folder: string
let file: string
let now: number
const opened: Sharing[] = []

const open = (options: { space?: string; hostToken?: string | null } = {}): Sharing => {
  const sharing = new Sharing({ file, space: 'space-1', hostToken: 'secret', clock: () => now, ...options })
  opened.push(sharing)
  return sharing
}

const share = (sharing: Sharing, input: Partial<NewShare> = {}) =>
  sharing.shares.create({
    name: 'team',
    role: 'editor',
    rooms: ['x.1', 'n.1'],
    expiresTime: null,
    maxUses: null,
    ...input
  })

const tokenOf = async (sharing: Sharing, secret: string, applicant = ANN): Promise<string> => {
  const given = await sharing.tokenFor(secret, applicant)
  if (given === null) throw new Error('no token')
  return given.token
}

/** Signs what it likes, with the host's key unless told another. */
const forge = (
  claims: Record<string, unknown>,
  { key = hostKey(), alg = 'HS256', typ = TOKEN_TYPE, aud = 'space-1' } = {}
) =>
  new SignJWT({ sid: 'x', role: 'owner', rooms: ['*'], name: '', ...claims })
    .setProtectedHeader({ alg, typ })
    .setIssuer('runnel')
    .setAudience(aud)
    .setSubject('me')
    .setExpirationTime(Math.floor(now / 1000) + 600)
    .sign(key)

const hostKey = (): Uint8Array => {
  const kept = new SharingFile(file)
  const key = kept.key('tokens', () => '')
  kept.close()
  return Buffer.from(key, 'hex')
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runnel-sharing-'))
  file = join(folder, 'sharing.db')
  now = START
})

afterEach(async () => {
  for (const sharing of opened.splice(0)) sharing.close()
  await rm(folder, { recursive: true, force: true })
})

describe('a share', () => {
  it('[SH1] gives a token that says what it is for, for a quarter of an hour', async () => {
    const sharing = open()
    const { share: made, secret } = share(sharing)
    const given = await sharing.tokenFor(secret, ANN)
    expect(given).toEqual({
      token: given!.token,
      expires_at: START + SYNC.tokenMs,
      role: 'editor',
      rooms: ['x.1', 'n.1'],
      server_time: START,
      space: 'space-1'
    })
    const rights = await sharing.rightsOf(given!.token)
    expect(rights).toMatchObject({
      claims: { sid: made.id, role: 'editor', rooms: ['x.1', 'n.1'], name: 'Ann' },
      expiresAt: START + SYNC.tokenMs
    })
    expect(looksLikePass(given!.token)).toBe(true)
    expect(decodeProtectedHeader(given!.token)).toEqual({ alg: 'HS256', typ: TOKEN_TYPE })
    expect(decodeJwt(given!.token)).toMatchObject({ iss: 'runnel', aud: 'space-1', iat: START / 1000 })
  })

  it('[SH2] is there for the next host on the folder, and so are its tokens; its secret is nowhere in the file', async () => {
    const first = open()
    const { secret } = share(first)
    const token = await tokenOf(first, secret)
    first.close()
    expect((await stat(file)).mode & 0o077).toBe(0)
    const { readFile, readdir } = await import('node:fs/promises')
    for (const name of await readdir(folder)) expect((await readFile(join(folder, name))).includes(secret)).toBe(false)
    const second = open()
    expect(await second.rightsOf(token)).not.toBeNull()
    expect(second.shares.all()).toMatchObject([{ name: 'team', uses: 1, lastUsedTime: START }])
    expect(await second.tokenFor(secret, ANN)).not.toBeNull()
  })

  it('[SH3] that nobody has made leaves no file, whatever is shown', async () => {
    const sharing = open()
    const typ = Buffer.from(JSON.stringify({ alg: 'HS256', typ: TOKEN_TYPE })).toString('base64url')
    expect(await sharing.rightsOf(`${typ}.e30.AAAA`)).toBeNull()
    expect(await sharing.rightsOf('1.editor.AbCdEfGhIjKlMnOpQrStU_')).toBeNull()
    expect(await sharing.tokenFor('AbCdEfGhIjKlMnOpQrStU_', ANN)).toBeNull()
    expect(existsSync(file)).toBe(false)
  })

  it('[SH4] ends when it expires, with tokens given just before, in whatever hands', async () => {
    const sharing = open()
    const { secret } = share(sharing, { expiresTime: START + 60_000 })
    const given = await sharing.tokenFor(secret, ANN)
    expect(given?.expires_at).toBe(START + 60_000)
    now += 59_999
    expect(await sharing.rightsOf(given!.token)).not.toBeNull()
    now += 1
    expect(await sharing.rightsOf(given!.token)).toBeNull()
    expect(await sharing.tokenFor(secret, ANN)).toBeNull()
  })

  it('[SH5] is used up by so many browsers, and one that comes again is the same', async () => {
    const sharing = open()
    const { share: made, secret } = share(sharing, { maxUses: 2 })
    for (const client of ['a', 'b', 'a', 'b'])
      expect(await sharing.tokenFor(secret, { name: '', client })).not.toBeNull()
    expect(await sharing.tokenFor(secret, { name: '', client: 'c' })).toBeNull()
    expect(await sharing.tokenFor(secret, { name: '', client: null })).toBeNull()
    expect(await sharing.rightsOf(`1.editor.${secret}`)).toBeNull()
    expect(sharing.shares.live(made.id)).toMatchObject({ uses: 2 })
    sharing.close()
    expect(await open().tokenFor(secret, { name: '', client: 'c' })).toBeNull()
  })

  it('[SH6] tells others who somebody is without what they call themselves, so that nobody comes as somebody else', async () => {
    const sharing = open()
    const { secret } = share(sharing)
    const subjectOf = async (client: string): Promise<string> =>
      (await sharing.rightsOf(await tokenOf(sharing, secret, { name: 'Ann', client })))!.claims.sub
    const ann = await subjectOf('ann-browser')
    expect(await subjectOf('ann-browser')).toBe(ann)
    expect(await subjectOf(ann)).not.toBe(ann)
  })

  it('[SH7] shown itself by a program does for a token, as long as it lives', async () => {
    const sharing = open()
    const { share: made, secret } = share(sharing)
    const rights = await sharing.rightsOf(`1.viewer.${secret}`)
    expect(rights).toMatchObject({ claims: { role: 'editor', name: 'team' }, expiresAt: Infinity })
    sharing.shares.revoke(made.id)
    expect(await sharing.rightsOf(`1.viewer.${secret}`)).toBeNull()
  })
})

describe('a share that is taken back', () => {
  it('[SH8] takes its tokens with it, tells everybody who holds one, and stays so', async () => {
    const sharing = open()
    const { share: made, secret } = share(sharing)
    const other = share(sharing)
    const token = await tokenOf(sharing, secret)
    const otherToken = await tokenOf(sharing, other.secret)
    const heard: string[] = []
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const rights = (await sharing.rightsOf(token))!
    rights.onRevoked(() => heard.push('first'))
    rights.onRevoked(() => {
      throw new Error('a listener that fails')
    })
    rights.onRevoked(() => heard.push('second'))
    rights.onRevoked(() => heard.push('left'))()
    ;(await sharing.rightsOf(otherToken))!.onRevoked(() => heard.push('other'))
    expect(heard).toEqual([])
    sharing.shares.revoke(made.id)
    expect(heard).toEqual(['first', 'second'])
    expect(log).toHaveBeenCalledOnce()
    log.mockRestore()
    sharing.shares.revoke(made.id)
    expect(heard).toEqual(['first', 'second'])
    rights.onRevoked(() => heard.push('late'))
    expect(heard).toEqual(['first', 'second', 'late'])
    expect(await sharing.rightsOf(token)).toBeNull()
    expect(await sharing.tokenFor(secret, ANN)).toBeNull()
    expect(await sharing.rightsOf(otherToken)).not.toBeNull()
    sharing.close()
    expect(await open().rightsOf(token)).toBeNull()
  })

  it('[SH9] or lessened: tokens of the greater role are over, and new ones have the lesser', async () => {
    const sharing = open()
    const { share: made, secret } = share(sharing)
    const token = await tokenOf(sharing, secret)
    let calls = 0
    ;(await sharing.rightsOf(token))!.onRevoked(() => calls++)
    sharing.shares.change(made.id, { name: 'renamed' })
    expect([calls, await sharing.rightsOf(token)]).toMatchObject([0, { claims: { role: 'editor' } }])
    sharing.shares.change(made.id, { role: 'viewer' })
    expect([calls, await sharing.rightsOf(token)]).toEqual([1, null])
    expect(await sharing.tokenFor(secret, ANN)).toMatchObject({ role: 'viewer' })
  })

  it('[SH10] or shortened: who holds it for longer hears', async () => {
    const sharing = open()
    const { share: made, secret } = share(sharing)
    let calls = 0
    ;(await sharing.rightsOf(`1.editor.${secret}`))!.onRevoked(() => calls++)
    sharing.shares.change(made.id, { expiresTime: START + 3_600_000 })
    expect(calls).toBe(1)
    expect(await sharing.rightsOf(`1.editor.${secret}`)).toMatchObject({ expiresAt: START + 3_600_000 })
  })
})

describe('a token', () => {
  it('[SH11] is over when its time is', async () => {
    const sharing = open()
    const token = await tokenOf(sharing, share(sharing).secret)
    now += SYNC.tokenMs - 1
    expect(await sharing.rightsOf(token)).not.toBeNull()
    now += 1
    expect(await sharing.rightsOf(token)).toBeNull()
  })

  it('[SH12] that was changed, or signed by somebody else, is none', async () => {
    const sharing = open()
    const { share: made, secret } = share(sharing)
    const token = await tokenOf(sharing, secret)
    const claims = { sid: made.id, role: 'editor', rooms: ['x.1', 'n.1'] }
    // The same claims with the right key are taken: what follows fails for what it changes, and nothing else.
    expect(await sharing.rightsOf(await forge(claims))).not.toBeNull()
    const [header = '', payload = '', signature = ''] = token.split('.')
    const owner = Buffer.from(JSON.stringify({ ...decodeJwt(token), role: 'owner' })).toString('base64url')
    const shown = {
      'another payload': `${header}.${owner}.${signature}`,
      'no signature': `${header}.${payload}.`,
      'another key': await forge(claims, { key: Buffer.alloc(32, 1) }),
      'a role its share does not give': await forge({ ...claims, role: 'viewer' }),
      'rooms its share does not give': await forge({ ...claims, rooms: ['x.1', 'n.1', 'x.2'] }),
      'an owner of no host': await forge({ ...claims, role: 'owner' }),
      'another type': await forge(claims, { typ: 'JWT' }),
      'a share there is not': await forge({ ...claims, sid: '0000000000000000' })
    }
    for (const [what, forged] of Object.entries(shown))
      expect([what, await sharing.rightsOf(forged)]).toEqual([what, null])
  })

  it('[SH13] of another algorithm is none, whatever it is signed with', async () => {
    const sharing = open()
    const { share: made, secret } = share(sharing)
    await tokenOf(sharing, secret)
    const claims = { sid: made.id, role: 'editor', rooms: ['x.1', 'n.1'] }
    const pair = generateKeyPairSync('ed25519')
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const none = new UnsecuredJWT(claims)
      .setIssuer('runnel')
      .setAudience('space-1')
      .setSubject('me')
      .setExpirationTime(Math.floor(now / 1000) + 600)
      .encode()
    const [, body = ''] = none.split('.')
    const noneOfOurType = `${Buffer.from(JSON.stringify({ alg: 'none', typ: TOKEN_TYPE })).toString('base64url')}.${body}.`
    const publicKey = Buffer.from(await exportSPKI(pair.publicKey))
    const shown = {
      none,
      noneOfOurType,
      EdDSA: await forge(claims, { key: pair.privateKey as never, alg: 'EdDSA' }),
      RS256: await forge(claims, { key: rsa.privateKey as never, alg: 'RS256' }),
      'HS512 with our key': await forge(claims, { key: Buffer.concat([hostKey(), Buffer.alloc(32)]), alg: 'HS512' }),
      'a public key for a secret': await forge(claims, { key: publicKey })
    }
    for (const [what, forged] of Object.entries(shown))
      expect([what, await sharing.rightsOf(forged)]).toEqual([what, null])
    expect(looksLikePass(noneOfOurType)).toBe(true)
  })

  it('[SH14] for another space is none, though the key is the same', async () => {
    const sharing = open()
    const { share: made, secret } = share(sharing)
    const token = await tokenOf(sharing, secret)
    expect(await open({ space: 'space-2' }).rightsOf(token)).toBeNull()
    const claims = { sid: made.id, role: 'editor', rooms: ['x.1', 'n.1'] }
    expect(await sharing.rightsOf(await forge(claims, { aud: 'space-2' }))).toBeNull()
  })

  it('[SH15] of an owner is over when the host asks for another token', async () => {
    const sharing = open()
    const { token, role, rooms } = await sharing.ownerToken(ANN)
    expect([role, rooms]).toEqual(['owner', ['*']])
    expect(await sharing.rightsOf(token)).toMatchObject({ claims: { role: 'owner', rooms: ['*'] } })
    sharing.close()
    expect(await open({ hostToken: 'another' }).rightsOf(token)).toBeNull()
    expect(await open().rightsOf(token)).not.toBeNull()
  })
})

describe('what looks like a pass', () => {
  it('[SH16] is a token of this type, or a capability: other programs’ tokens are passed over', () => {
    const header = (fields: unknown) => Buffer.from(JSON.stringify(fields)).toString('base64url')
    for (const text of [
      `${header({ alg: 'x', typ: 'runnel+jwt' })}.e30.`,
      `${header({ typ: 'Runnel+JWT' })}.a.b`,
      '1.viewer.AbCdEfGhIjKlMnOpQrStU_'
    ])
      expect([text, looksLikePass(text)]).toEqual([text, true])
    for (const text of [
      '',
      '.',
      '..',
      'a.b',
      `${header({ alg: 'HS256', typ: 'JWT' })}.e30.x`,
      `${header(null)}.a.b`,
      'dapi.1234',
      `${header({ typ: 'runnel+jwt' })}.a.b.c`
    ])
      expect([text, looksLikePass(text)]).toEqual([text, false])
    expect(parseCapability('1.owner.AbCdEfGhIjKlMnOpQrStU_')).toBeNull()
  })
})
