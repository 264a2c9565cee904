import { describe, expect, it } from 'vitest'
import { UsageError } from './cli/flags.ts'
import { parseServer, type HostConfig } from './config.ts'

const parse = (args: readonly string[], env: Readonly<Record<string, string>> = {}): HostConfig =>
  parseServer(args, env, '/srv')

describe('runnel server', () => {
  it('[HO1] serves on loopback port 5000 from ./runnel-data unless told otherwise', () => {
    expect(parse([])).toMatchObject({
      host: '127.0.0.1',
      port: 5000,
      store: {
        databaseFile: '/srv/runnel-data/runnel.db',
        artifactFolder: '/srv/runnel-data/artifacts',
        artifactRoot: null
      },
      gate: { allowedHosts: null, allowedOrigins: [], token: null, rate: { perSecond: 5000 } },
      artifacts: { serve: true, only: false }
    })
    expect(parse(['--port', '0', '--host', '::1'])).toMatchObject({ host: '::1', port: 0 })
    expect(parse(['-p', '8080', '-h', 'localhost'])).toMatchObject({ host: 'localhost', port: 8080 })
    expect(parse(['--pages-only'])).toMatchObject({ store: null })
  })

  it('finds the site beside itself, or where RUNNEL_OUT says', () => {
    expect(parse([])).toMatchObject({ folder: expect.stringMatching(/[\\/]build$/) as unknown })
    expect(parse([], { RUNNEL_OUT: 'elsewhere' })).toMatchObject({
      folder: expect.stringMatching(/[\\/]elsewhere$/) as unknown
    })
  })

  it('[HO2] keeps the store where MLflow’s flags and variables say', () => {
    const places = (args: readonly string[], env = {}) => {
      const { databaseFile, artifactFolder } = parse(args, env).store ?? {}
      return { databaseFile, artifactFolder }
    }
    expect(places(['--data', 'x'])).toEqual({ databaseFile: '/srv/x/runnel.db', artifactFolder: '/srv/x/artifacts' })
    expect(places(['--backend-store-uri', 'sqlite:///a/my.db'])).toEqual({
      databaseFile: '/srv/a/my.db',
      artifactFolder: '/srv/a/artifacts'
    })
    expect(
      places(['--artifacts-destination', 'file:///files'], { MLFLOW_BACKEND_STORE_URI: 'sqlite:////data/m.db' })
    ).toEqual({ databaseFile: '/data/m.db', artifactFolder: '/files' })
    expect(
      parse(['--port', '1'], { MLFLOW_PORT: '2', MLFLOW_HOST: 'localhost', MLFLOW_ARTIFACTS_ONLY: 'True' })
    ).toMatchObject({ port: 1, host: 'localhost', artifacts: { only: true } })
  })

  it.each([
    'postgresql://u@h/db',
    'mlruns',
    'sqlite://',
    'sqlite:///',
    'sqlite:///:memory:',
    'sqlite:///a.db?mode=ro',
    ''
  ])('refuses to keep it in "%s"', (uri) => {
    expect(() => parse([`--backend-store-uri=${uri}`])).toThrow(/--backend-store-uri must be sqlite:\/\/\//)
  })

  it.each(['s3://bucket/x', 'http://h/x', 'file://other-machine/x', ''])('refuses artifacts in "%s"', (place) => {
    for (const flag of ['--artifacts-destination', '--default-artifact-root'])
      expect(() => parse([`${flag}=${place}`])).toThrow(`${flag} must be a folder of this machine`)
  })

  it('[HO3] artifact roots: the proxy, a folder, or ./mlruns without the proxy as in MLflow', () => {
    const root = (...args: string[]) => parse(args).store?.artifactRoot
    expect(root('--default-artifact-root', 'mlflow-artifacts:/')).toBe(null)
    expect(root('--default-artifact-root', 'file:///data/a b')).toBe('file:///data/a%20b')
    expect(root('--default-artifact-root', './runs')).toBe('/srv/runs')
    expect(root('--no-serve-artifacts')).toBe('/srv/mlruns')
    expect(() => parse(['--no-serve-artifacts', '--artifacts-only'])).toThrow('nothing to serve')
  })

  it.each(['0.0.0.0', '192.168.1.5', 'example.com', '::', ''])(
    '[HO4] refuses to listen on "%s" without a token',
    (host) => {
      expect(() => parse([`--host=${host}`])).toThrow(/--host.*needs a token/)
      expect(parse([`--host=${host}`, '--token', 'secret']).gate.token).toBe('secret')
    }
  )

  it('[HO5] takes a token from the flag or RUNNEL_TOKEN, or makes one', () => {
    expect(parse([], { RUNNEL_TOKEN: 'abc' })).toMatchObject({ gate: { token: 'abc' }, isTokenNew: false })
    const made = parse(['--token', 'auto'], { RUNNEL_TOKEN: 'abc' })
    expect(made.isTokenNew).toBe(true)
    expect(made.gate.token).toMatch(/^[\w-]{43}$/)
    expect(parse(['--token', 'auto']).gate.token).not.toBe(made.gate.token)
    // The word itself would be the first anybody guesses.
    const fromVariable = parse([], { RUNNEL_TOKEN: 'auto' })
    expect([fromVariable.gate.token === 'auto', fromVariable.isTokenNew]).toEqual([false, true])
    for (const token of ['', ' ', 'a b', 'a\nb', 'é', 'x'.repeat(5000)])
      expect(() => parse([`--token=${token}`])).toThrow(/--token must be/)
  })

  it('reads lists by comma', () => {
    expect(parse(['--allowed-hosts', 'a.com, b.com:5000,', '--cors-allowed-origins', '*']).gate).toMatchObject({
      allowedHosts: ['a.com', 'b.com:5000'],
      allowedOrigins: ['*']
    })
  })

  it.each(['-1', '65536', '1e3', 'x', '', '5000.5'])('refuses port "%s"', (port) => {
    expect(() => parse([`--port=${port}`])).toThrow(/--port must be a whole number from 0 to 65535/)
  })

  it('refuses what it does not know', () => {
    for (const args of [['--prot', '1'], ['--port'], ['build'], ['--pages-only=yes'], ['--no-port']])
      expect(() => parse(args)).toThrow(UsageError)
    expect(() => parse(['--prot', '1'])).toThrow("Unknown option '--prot'.")
    expect(() => parse([], { MLFLOW_SERVE_ARTIFACTS: 'perhaps' })).toThrow(
      /MLFLOW_SERVE_ARTIFACTS must be true or false/
    )
  })
})
