import { expect, it } from 'vitest'
import { highlight } from './highlight.ts'

it('colours strings, words and comments, and loses nothing', () => {
  const code = `import * as r from "http://h/r.js" // all of it\nconst x = 'a' + important`
  const pieces = highlight(code)
  expect(pieces.map(({ text }) => text).join('')).toBe(code)
  const of = (kind: string): string[] => pieces.filter((piece) => piece.kind === kind).map(({ text }) => text)
  expect(of('string')).toEqual(['"http://h/r.js"', "'a'"])
  expect(of('word')).toEqual(['import', 'as', 'from', 'const'])
  expect(of('comment')).toEqual(['// all of it'])
})
