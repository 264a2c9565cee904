import { expect, test } from 'vitest'
import { LIVE } from './limits.ts'
import { validateViewName, validateViewState } from './view.ts'

const refused = expect.objectContaining({ code: 'INVALID_PARAMETER_VALUE' }) as unknown

test('[VW4] a name is text without spaces around it, of a length', () => {
  for (const name of ['', 'best first', 'é', 'x'.repeat(LIVE.viewNameLength)])
    expect(() => validateViewName(name)).not.toThrow()
  for (const name of [' a', 'a\n', '\ud800', 'x'.repeat(LIVE.viewNameLength + 1)])
    expect(() => validateViewName(name)).toThrow(refused)
})

test('[VW5] what a view keeps is JSON text, of a size in bytes', () => {
  const longest = JSON.stringify('x'.repeat(LIVE.viewStateBytes - 2))
  for (const state of ['{}', 'null', longest]) expect(() => validateViewState(state)).not.toThrow()
  for (const state of ['', '{', `${longest} `, JSON.stringify('é'.repeat(LIVE.viewStateBytes / 2))])
    expect(() => validateViewState(state)).toThrow(refused)
})
