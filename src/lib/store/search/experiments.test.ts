import { afterAll, describe, expect, it } from 'vitest'
import type { Experiment } from '#lib/domain/experiment.ts'
import type { ExperimentId } from '#lib/domain/ids.ts'
import { compareExperiments, experimentMatches } from '#lib/domain/search/evaluate.ts'
import { parseExperimentFilter } from '#lib/domain/search/parse-filter.ts'
import { parseExperimentOrderBy } from '#lib/domain/search/parse-order-by.ts'
import { ENGINES } from '../../../../tests/support/engines.ts'
import { openSearchData } from '../../../../tests/support/search-data.ts'
import { experimentIds } from './experiments.ts'

const sketch = (
  id: number,
  name: string,
  creationTime: number,
  lastUpdateTime: number,
  tags: Record<string, string> = {}
): Experiment => ({
  experimentId: String(id) as ExperimentId,
  name,
  artifactLocation: '',
  lifecycleStage: 'active',
  creationTime,
  lastUpdateTime,
  tags: Object.entries(tags).map(([key, value]) => ({ key, value }))
})

/** In the default order. */
const EXPERIMENTS = [
  sketch(5, 'Vision/iris', 30, 31, { team: 'a', note: '100%' }),
  sketch(0, 'Default', 20, 20),
  sketch(9, 'vision/wine', 20, 40, { team: 'b' }),
  sketch(2 ** 53 - 1, 'é', 10, 50, { team: 'A' })
]
const ALL = ['5', '0', '9', '9007199254740991']
const LAST = '9007199254740991'

describe.each(ENGINES)('experiments on %s', (engine) => {
  const data = openSearchData(engine)
  data.replace([], [...EXPERIMENTS, { ...sketch(7, 'gone', 99, 99), lifecycleStage: 'deleted' }])
  afterAll(() => data.close())

  it.each<[string, string[]]>([
    ['', ALL],
    [`name = 'Default'`, ['0']],
    [`name != 'Default'`, ['5', '9', LAST]],
    [`name LIKE 'vision%'`, ['9']],
    [`attribute.name ILIKE 'VISION/%'`, ['5', '9']],
    [`name ILIKE 'É'`, []],
    [`name = 'é'`, [LAST]],
    ['creation_time = 20', ['0', '9']],
    ['creation_time >= 20 AND last_update_time > 25.5', ['5', '9']],
    [`tags.team = 'a'`, ['5']],
    [`tag.team ILIKE 'a'`, ['5', LAST]],
    [`tags.team != 'a'`, ['9', LAST]],
    ['tags.team IS NULL', ['0']],
    ['tags.note IS NOT NULL', ['5']],
    [`tags.note LIKE '100%'`, ['5']],
    [`name IN ('Default', 'é') OR tags.team IN ('b')`, ['0', '9', LAST]],
    [`(name = 'Default' OR tags.team = 'a') AND creation_time < 30`, ['0']]
  ])('finds %j', async (filter, ids) => {
    const tree = parseExperimentFilter(filter)
    expect(await experimentIds(data.db, { filter: tree, orderBy: [], view: 'ACTIVE_ONLY' })).toEqual(ids)
    expect(EXPERIMENTS.filter((one) => experimentMatches(tree, one)).map((one) => one.experimentId)).toEqual(ids)
  })

  it.each<[string[], string[]]>([
    [['name'], ['0', '5', '9', LAST]],
    [['name DESC'], [LAST, '9', '5', '0']],
    [['creation_time'], [LAST, '9', '0', '5']],
    [['creation_time DESC'], ['5', '9', '0', LAST]],
    [['experiment_id'], ['0', '5', '9', LAST]],
    [
      ['creation_time', 'experiment_id'],
      [LAST, '0', '9', '5']
    ]
  ])('orders by %j', async (orderBy, ids) => {
    const orders = parseExperimentOrderBy(orderBy)
    expect(await experimentIds(data.db, { filter: null, orderBy: orders, view: 'ACTIVE_ONLY' })).toEqual(ids)
    expect(EXPERIMENTS.toSorted((a, b) => compareExperiments(orders, a, b)).map((one) => one.experimentId)).toEqual(ids)
  })

  it('sees the stages of the view, in windows', async () => {
    const base = { filter: null, orderBy: [] }
    expect(await experimentIds(data.db, { ...base, view: 'DELETED_ONLY' })).toEqual(['7'])
    expect(await experimentIds(data.db, { ...base, view: 'ALL', limit: 2, offset: 1 })).toEqual(['5', '0'])
  })
})
