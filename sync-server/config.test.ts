import { describe, expect, it } from 'vitest'
import { parseConfig } from './config.ts'

describe('the command line', () => {
  it('serves on loopback port 5000 unless told otherwise', () => {
    expect(parseConfig([], {})).toMatchObject({ kind: 'serve', host: '127.0.0.1', port: 5000 })
    expect(parseConfig(['--port', '0', '--host', '::1'], {})).toMatchObject({ kind: 'serve', host: '::1', port: 0 })
    expect(parseConfig(['--port=8080'], {})).toMatchObject({ port: 8080 })
  })

  it('finds the site beside itself, or where RUNNEL_OUT says', () => {
    expect(parseConfig([], {})).toMatchObject({ folder: expect.stringMatching(/[\\/]build$/) as unknown })
    expect(parseConfig([], { RUNNEL_OUT: 'elsewhere' })).toMatchObject({ folder: expect.stringMatching(/[\\/]elsewhere$/) as unknown })
  })

  it.each(['0.0.0.0', '192.168.1.5', 'example.com', ''])('refuses to listen on %s, and says why', (host) => {
    expect(parseConfig([`--host=${host}`], {})).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/--host.*tokens/) as unknown })
  })

  it.each(['-1', '65536', '1e3', 'x', '', '5000.5'])('refuses port "%s"', (port) => {
    expect(parseConfig([`--port=${port}`], {})).toMatchObject({ kind: 'refused', reason: expect.stringContaining('--port') as unknown })
  })

  it('refuses what it does not know', () => {
    expect(parseConfig(['--prot', '1'], {})).toMatchObject({ kind: 'refused', reason: expect.stringContaining('--prot') as unknown })
    expect(parseConfig(['--port'], {})).toMatchObject({ kind: 'refused' })
    expect(parseConfig(['build'], {})).toMatchObject({ kind: 'refused' })
  })

  it('helps', () => {
    expect(parseConfig(['--help'], {})).toEqual({ kind: 'help' })
  })
})
