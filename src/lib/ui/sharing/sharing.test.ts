import { describe, expect, test } from 'vitest'
import type { Person, ShareLink } from '#lib/live/sharing.ts'
import { describePerson, initialsOf, othersOf, personColorDigits, personColorIndex } from './people.ts'
import { linkFromHere, reachOf } from './reach.ts'
import { expiryTime, isOver, linkFacts, originTyped, sortLinks } from './share-words.ts'
import { hostName, syncWords } from './sync-words.ts'

const person = (id: string, more: Partial<Person> = {}): Person => ({
  id,
  name: id,
  role: 'editor',
  isSelf: false,
  runId: null,
  ...more
})

describe('people', () => {
  test('[SU1] initials are the first letters of the first and the last word', () => {
    expect(
      ['Ada Lovelace', 'grace', 'Jean-Luc  van der Berg', '  ', '!?', '東京 太郎', 'émile.zola', '𝒜da'].map(initialsOf)
    ).toEqual(['AL', 'G', 'JB', '?', '?', '東太', 'ÉZ', '𝒜'])
  })

  test('[SU2] a person has one colour, ids spread over all of them, and both lists of colours agree', () => {
    expect(personColorIndex('ada')).toBe(personColorIndex('ada'))
    const indexes = Array.from({ length: 500 }, (_, i) => personColorIndex(`person-${i}`))
    expect(new Set(indexes)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    const digits = Array.from({ length: 500 }, (_, i) => personColorDigits(`person-${i}`))
    expect(new Set(indexes.map((index, i) => `${index} ${digits[i]}`)).size).toBe(10)
    // What a host takes of a colour that is sent along.
    for (const color of digits) expect(color).toMatch(/^#[0-9a-f]{3,8}$/i)
  })

  test('[SU3] others are shown once, without oneself, those at the same place first', () => {
    const run = 'r1' as Person['runId']
    const people = [
      person('me', { isSelf: true, runId: run }),
      person('ben'),
      person('ada', { runId: run }),
      person('ada'),
      person('cem', { runId: run })
    ]
    expect(othersOf(people, run).map(({ id, runId }) => [id, runId])).toEqual([
      ['ada', 'r1'],
      ['cem', 'r1'],
      ['ben', null]
    ])
    expect(othersOf(people, null).map(({ id }) => id)).toEqual(['ada', 'ben', 'cem'])
  })

  test('[SU4] where somebody looks is said from where the reader is', () => {
    const run = 'r1' as Person['runId']
    expect(describePerson(person('Ada', { runId: run }), 'r1')).toBe('Ada, editor, looks at this run')
    expect(describePerson(person('Ada', { runId: run }), 'r2')).toBe('Ada, editor, looks at another run')
    expect(describePerson(person('Ada', { runId: run }), null)).toBe('Ada, editor, looks at a run')
    expect(describePerson(person('', { role: 'viewer' }), 'r1')).toBe('Somebody, viewer, looks at the experiment')
  })
})

describe('sync in words', () => {
  const at = (sync: Parameters<typeof syncWords>[0]['sync'], pending = 0, people = 0, problem: string | null = null) =>
    syncWords({ sync, pending, people, problem })

  test('[SU5] each state has its words and its tone', () => {
    expect(at('synced', 0, 2)).toEqual({ word: 'Synced with 2 others', tone: 'good', canRetry: false })
    expect(at('synced', 0, 1).word).toBe('Synced with 1 other')
    expect(at('synced').word).toBe('Synced')
    expect(at('syncing', 3)).toEqual({ word: '3 changes waiting', tone: 'busy', canRetry: false })
    expect(at('connecting').word).toBe('Connecting')
    expect(at('offline').word).toBe('Offline: changes are kept here')
    expect(at('offline', 1)).toEqual({ word: 'Offline: 1 change kept here', tone: 'waiting', canRetry: true })
  })

  test('[SU6] never synced while something waits, and a refusal says why in one sentence', () => {
    expect(at('synced', 1, 2)).toMatchObject({ word: '1 change waiting', tone: 'busy' })
    expect(at('refused', 0, 0, 'The link was revoked. Ask for another.')).toEqual({
      word: 'Refused: The link was revoked',
      tone: 'bad',
      canRetry: true
    })
    expect(at('refused').word).toBe('Refused: the host gave no reason')
  })

  test('[SU7] a host goes by its address, the page’s own by what it is', () => {
    expect(hostName('https://ml.example.com:8443', 'http://a')).toBe('ml.example.com:8443')
    expect([hostName(null, 'http://a'), hostName('http://a', 'http://a')]).toEqual(['this host', 'this host'])
  })
})

describe('links', () => {
  const link = (id: string, more: Partial<ShareLink> = {}): ShareLink => ({
    id,
    name: '',
    role: 'viewer',
    createdTime: 0,
    expiresTime: null,
    uses: 0,
    lastUsedTime: null,
    ...more
  })

  test('[SU8] the newest come first, and those that are over last', () => {
    const links = [
      link('old', { createdTime: 1 }),
      link('over', { createdTime: 3, expiresTime: 10 }),
      link('new', { createdTime: 2, expiresTime: 11 })
    ]
    expect(sortLinks(links, 10).map(({ id }) => id)).toEqual(['new', 'old', 'over'])
    expect(isOver(link('never'), 1e15)).toBe(false)
    expect(linkFacts(link('a'))).toBe('Viewer · not used yet')
    expect(linkFacts(link('a', { role: 'editor', uses: 2 }))).toBe('Editor · 2 uses')
  })

  test('[SU9] an end is so many days from now, or never', () => {
    expect(expiryTime('1', 1000)).toBe(86_401_000)
    expect(expiryTime('30', 0)).toBe(30 * 86_400_000)
    expect(expiryTime('never', 1000)).toBeNull()
  })

  test('[SU10] an address is taken as people type it, and nothing that is more than an origin', () => {
    expect(originTyped(' ml.example.com ')).toBe('https://ml.example.com')
    expect(originTyped('127.0.0.1:5000')).toBe('http://127.0.0.1:5000')
    expect(originTyped('localhost:5000')).toBe('http://localhost:5000')
    expect(originTyped('HTTPS://ml.example.com:8443/')).toBe('https://ml.example.com:8443')
    for (const none of ['', 'ftp://a', 'https://a/b', 'https://user@a', 'https://a b', 'https://'])
      expect(originTyped(none), none).toBeNull()
  })
})

describe('how far a link reaches', () => {
  const link = 'http://127.0.0.1:5000/#/join/42.viewer.AAAAAAAAAAAAAAAAAAAAAA'

  test('[SU20] a link is of the address its maker came by, unless nobody else can go that way', () => {
    expect(linkFromHere(link, 'https://ml.example.com/experiments/42')).toBe(
      'https://ml.example.com/#/join/42.viewer.AAAAAAAAAAAAAAAAAAAAAA'
    )
    const outward = link.replace('127.0.0.1', '10.1.2.3')
    for (const page of ['http://localhost:5000/', 'http://127.0.0.1:5000/', 'http://[::1]:5000/'])
      expect(linkFromHere(outward, page)).toBe(outward)
  })

  test('[SU21] tells of links that others cannot open', () => {
    expect(
      [link, 'http://[::1]:1/', 'http://localhost/', 'http://10.1.2.3:5000/', 'https://10.1.2.3/', 'https://a.b/'].map(
        reachOf
      )
    ).toEqual(['this machine', 'this machine', 'this machine', 'needs https', 'others', 'others'])
  })
})
