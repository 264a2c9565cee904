import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCapability, parseJoinLink, writeCapability, writeJoinLink, type Capability } from './link.ts'

const SECRET = 'AbCdEfGhIjKlMnOpQrStU_'
const editor: Capability = { subject: '123456789012345678', role: 'editor', secret: SECRET }

const capabilities = fc.record({
  subject: fc.oneof(fc.constant('*'), fc.stringMatching(/^[\w-]{1,64}$/)),
  role: fc.constantFrom('viewer' as const, 'editor' as const),
  secret: fc.stringMatching(/^[\w-]{22}$/)
})

describe('a link', () => {
  it('[LK1] reads as what was written, with and without a host', () => {
    fc.assert(
      fc.property(
        capabilities,
        fc.constantFrom(null, 'https://ml.example.com', 'http://10.0.0.7:5000'),
        (capability, host) => {
          const link = writeJoinLink('http://127.0.0.1:5000/experiments/1?a=b#c', { capability, host })
          expect(parseJoinLink(link)).toEqual({ capability, host })
          expect(parseJoinLink(link.slice(link.indexOf('#')))).toEqual({ capability, host })
        }
      )
    )
  })

  it('[LK2] keeps its secret in the fragment, which browsers do not send', () => {
    const link = writeJoinLink('https://page.example', { capability: editor, host: 'https://ml.example.com' })
    expect(link).toBe(
      `https://page.example/#/join/123456789012345678.editor.${SECRET}?host=https%3A%2F%2Fml.example.com`
    )
    const url = new URL(link)
    expect(`${url.origin}${url.pathname}${url.search}`).toBe('https://page.example/')
  })

  it.each([
    'https://page.example/',
    `https://page.example/join/1.editor.${SECRET}`,
    `https://page.example/#/join/1.owner.${SECRET}`,
    `https://page.example/#/join/1.editor.${SECRET}x`,
    `https://page.example/#/join/1.editor.${SECRET.slice(1)}`,
    `https://page.example/#/join/.editor.${SECRET}`,
    `https://page.example/#/join/a b.editor.${SECRET}`,
    `https://page.example/#/join/${'a'.repeat(65)}.editor.${SECRET}`,
    `https://page.example/#/join/1.editor.${SECRET}/more`,
    `https://page.example/#/join/1.editor.${SECRET}?host=javascript:alert(1)`,
    `https://page.example/#/join/1.editor.${SECRET}?host=https://me@evil.test`,
    `https://page.example/#/join/1.editor.${SECRET}?host=https://a.test/path`,
    `https://page.example/#/join/1.editor.${SECRET}?host=`
  ])('[LK3] %s is none', (text) => expect(parseJoinLink(text)).toBeNull())

  it('[LK4] of which the capability alone is what a program shows', () => {
    expect(parseCapability(writeCapability(editor))).toEqual(editor)
    for (const text of ['', SECRET, `1.editor.${SECRET}.`, `1.editor.${SECRET}\n`, `1..${SECRET}`])
      expect([text, parseCapability(text)]).toEqual([text, null])
  })
})
