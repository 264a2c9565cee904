import { describe, expect, it } from 'vitest'
import { readViewState, viewStateToText, type ViewState } from '../runs-table/view-state.ts'
import { readView, sameView } from './run-view.ts'

const stateOf = (search: string): ViewState => readViewState(new URLSearchParams(search))
const SEARCH = 'filter=metrics.loss+%3C+1&order=metrics.loss+asc&view=all&col=status&col=metrics.loss&group=params.opt'

describe('saved views of runs', () => {
  it.each(['', SEARCH, 'col=none', 'view=deleted', 'tree=1&cols=all'])('[SV1] %j is read back whole', (search) => {
    const state = stateOf(search)
    expect(readView(viewStateToText(state))).toEqual({ state, whole: true })
  })

  it('[SV2] what another version saved is shown as far as it is understood, and said not to be whole', () => {
    const more = readView(JSON.stringify({ version: 1, params: `${SEARCH}&wheel=round` }))
    expect(more).toMatchObject({ whole: false, state: { filter: 'metrics.loss < 1' } })
    expect(readView(JSON.stringify({ version: 1, params: 'order=nonsense' }))).toMatchObject({ whole: false })
    expect(readView(JSON.stringify({ version: 2, params: SEARCH }))).toMatchObject({ whole: false })
  })

  it.each(['', 'null', '5', '{}', '{"params":5}', '[', '"x"'])('[SV3] %j is no view of runs', (text) =>
    expect(readView(text)).toBeNull()
  )

  it('[SV4] views are the same when they show the same', () => {
    expect(sameView(stateOf('view=all&filter=a'), stateOf('filter=a&view=all'))).toBe(true)
    expect(sameView(stateOf('view=all'), stateOf('view=deleted'))).toBe(false)
  })
})
