import { afterAll, describe, expect, it } from 'vitest'
import { compareRuns, runMatches } from '#lib/domain/search/evaluate.ts'
import { parseRunFilter } from '#lib/domain/search/parse-filter.ts'
import { parseRunOrderBy } from '#lib/domain/search/parse-order-by.ts'
import type { ExperimentId } from '#lib/domain/ids.ts'
import type { ViewType } from '#lib/domain/lifecycle.ts'
import { ENGINES } from '../../../../tests/support/engines.ts'
import { openSearchData, sketchRun } from '../../../../tests/support/search-data.ts'
import { runIds } from './runs.ts'

/** Seven runs, newest first, so that the default order is the alphabet's. */
const RUNS = [
  sketchRun({
    id: 'a',
    name: 'alpha',
    userId: 'ann',
    status: 'FINISHED',
    startTime: 7000,
    endTime: 7500,
    artifactUri: 'mlflow-artifacts:/1/a/artifacts',
    params: { opt: 'adam', lr: '0.1', 'batch size': '32', empty: '', 'a.b.c': 'dots', from: 'sql' },
    tags: { 'mlflow.runName': 'alpha', team: 'Vision', 'x/y': '1', 'mlflow.source.name': 'train.py' },
    metrics: { loss: 0.25, acc: 0.9, 'val/loss': 0.5 },
    datasets: [
      ['iris', 'd1', 'training'],
      ['wine', 'd2', 'eval']
    ]
  }),
  sketchRun({
    id: 'b',
    name: 'beta',
    userId: 'bob',
    status: 'FAILED',
    startTime: 6000,
    endTime: 6100,
    params: { opt: 'Adam', lr: '0.01', quote: `it's` },
    tags: { 'mlflow.runName': 'beta', team: 'vision' },
    metrics: { loss: 0.5, acc: 0.8 },
    datasets: [['iris', 'd2', 'eval']]
  }),
  sketchRun({
    id: 'c',
    name: 'gamma',
    userId: 'ann',
    status: 'RUNNING',
    startTime: 5000,
    params: { opt: 'sgd', lr: '1e-3', quote: 'say "hi"' },
    tags: { 'mlflow.runName': 'gamma', team: 'VISION é' },
    metrics: { loss: NaN, acc: -1 },
    datasets: [['iris', 'd1', null]]
  }),
  sketchRun({
    id: 'd',
    status: 'KILLED',
    startTime: 4000,
    endTime: 4000,
    params: { opt: 'a_am', lr: '10', pattern: '100%' },
    tags: { team: 'Vision É' },
    metrics: { loss: Infinity, acc: 0 }
  }),
  sketchRun({
    id: 'e',
    status: 'SCHEDULED',
    startTime: 3000,
    params: { opt: 'a*am', lr: '9', pattern: '100x' },
    tags: { team: 'ML\nops' },
    metrics: { loss: -Infinity }
  }),
  sketchRun({
    id: 'f',
    status: 'FINISHED',
    startTime: 2000,
    endTime: 9000,
    params: { opt: '[a]dam', lr: '2', both: `'"` },
    metrics: { loss: 1e-7 }
  }),
  sketchRun({ id: 'g', name: 'nameless tag', status: 'FINISHED', startTime: 1000 })
]

const ALL = 'abcdefg'

/** What each filter finds, as the ids in the default order. */
const FOUND: readonly (readonly [filter: string, ids: string])[] = [
  // no filter
  ['', ALL],
  ['AND', ALL],
  ['and AND', ALL],
  // metrics
  ['metrics.loss < 0.5', 'aef'],
  ['metrics.loss <= 0.5', 'abef'],
  ['metrics.loss > 0.25', 'bd'],
  ['metrics.loss >= 0.25', 'abd'],
  ['metrics.loss = 0.25', 'a'],
  ['metrics.loss=0.25', 'a'],
  ['metric.loss = 0.25', 'a'],
  ['metrics.loss != 0.25', 'bcdef'],
  ['metrics.loss = 0', ''],
  ['metrics.loss >= 0 AND metrics.loss <= 0', ''],
  ['metrics.loss > 1e308', 'd'],
  ['metrics.loss > 1e999', ''],
  ['metrics.loss = 1e999', 'd'],
  ['metrics.loss < -1e308', 'e'],
  ['metrics.loss <= -1E999', 'e'],
  ['metrics.loss = 1e-7', 'f'],
  ['metrics.loss = .0000001', 'f'],
  ['metrics.loss = 0.50', 'b'],
  ['metrics.loss > 1.', 'd'],
  ['metrics.loss = .25', 'a'],
  ['metrics.loss = 00.25', 'a'],
  ['metrics.loss = 25e-2', 'a'],
  ['metrics.loss = 2.5E-1', 'a'],
  ['metrics.acc = -1', 'c'],
  ['metrics.acc>-1', 'abd'],
  ['metrics.acc >= -.5', 'abd'],
  ['metrics.acc = -0', 'd'],
  ['metrics.acc = 0', 'd'],
  ['metrics.missing = 0', ''],
  ['metrics.missing != 0', ''],
  ['metrics.`val/loss` = 0.5', 'a'],
  ['metrics."val/loss" = 0.5', 'a'],
  [`metrics.'val/loss' = 0.5`, 'a'],
  ['`metrics`.`loss` = 0.5', 'b'],
  // params
  [`params.opt = 'adam'`, 'a'],
  [`params.opt = "adam"`, 'a'],
  [`param.opt = 'adam'`, 'a'],
  [`parameter.opt = 'adam'`, 'a'],
  [`parameters.opt = 'adam'`, 'a'],
  [`params.opt != 'adam'`, 'bcdef'],
  [`params.opt LIKE 'adam'`, 'a'],
  [`params.opt LIKE 'a%m'`, 'ade'],
  [`params.opt like '%am'`, 'abdef'],
  [`params.opt LIKE 'a_am'`, 'ade'],
  [`params.opt LIKE 'A_am'`, 'b'],
  [`params.opt LIKE '%*%'`, 'e'],
  [`params.opt LIKE '[a]%'`, 'f'],
  [`params.opt LIKE '_____m'`, 'f'],
  [`params.opt LIKE ''`, ''],
  [`params.opt LIKE '%'`, 'abcdef'],
  [`params.opt LIKE '%%'`, 'abcdef'],
  [`params.opt ILIKE 'ADAM'`, 'ab'],
  [`params.opt ilike 'aD%'`, 'ab'],
  [`params.opt ILIKE '%AM'`, 'abdef'],
  [`params.pattern LIKE '100%'`, 'de'],
  [`params.pattern = '100%'`, 'd'],
  [`params.empty = ''`, 'a'],
  [`params.empty != ''`, ''],
  [`params.empty = ""`, 'a'],
  [`params.lr = '10'`, 'd'],
  [`params.\`batch size\` = '32'`, 'a'],
  [`params."batch size" LIKE '3%'`, 'a'],
  [`params.a.b.c = 'dots'`, 'a'],
  [`params.\`a.b.c\` = 'dots'`, 'a'],
  [`params.from = 'sql'`, 'a'],
  [`params.quote = "it's"`, 'b'],
  [`params.quote = 'it''s'`, ''],
  [`params.quote = 'say "hi"'`, 'c'],
  [`params.both = E'\\'"'`, 'f'],
  [`params.quote LIKE "%'%"`, 'b'],
  ['params.empty IS NULL', 'bcdefg'],
  ['params.empty is not null', 'a'],
  ['params.opt IS NULL', 'g'],
  ['params.opt IS  NOT \n NULL', 'abcdef'],
  ['params.nobody IS NULL', ALL],
  [`params.nobody != 'x'`, ''],
  // tags
  [`tags.team = 'vision'`, 'b'],
  [`tag.team = 'Vision'`, 'a'],
  [`tags.team LIKE 'Vision%'`, 'ad'],
  [`tags.team ILIKE 'vision%'`, 'abcd'],
  [`tags.team ILIKE 'VISION é'`, 'c'],
  [`tags.team ILIKE 'vision É'`, 'd'],
  [`tags.team LIKE 'ML%ops'`, 'e'],
  [`tags.team = 'ML\nops'`, 'e'],
  ['tags.team IS NULL', 'fg'],
  [`tags.\`x/y\` = '1'`, 'a'],
  [`tags.mlflow.source.name = 'train.py'`, 'a'],
  [`tags.\`mlflow.source.name\` LIKE '%.py'`, 'a'],
  // attributes
  [`run_id = 'a'`, 'a'],
  [`run_id != 'a'`, 'bcdefg'],
  [`run_id = 'A'`, ''],
  [`run_id IN ('a', 'c', 'nobody')`, 'ac'],
  [`run_id in ("a",'c',)`, 'ac'],
  [`run_id NOT IN ('a', 'c')`, 'bdefg'],
  [`attributes.run_id IN ('g')`, 'g'],
  [`run_id IN ('A')`, ''],
  [`run_id NOT IN ('A')`, ALL],
  [`run_id LIKE '_'`, ALL],
  [`status = 'FINISHED'`, 'afg'],
  [`attribute.status = 'FINISHED'`, 'afg'],
  [`attributes.status != 'FINISHED'`, 'bcde'],
  [`attr.status = "FAILED"`, 'b'],
  [`run.status LIKE 'K%'`, 'd'],
  [`attributes.\`status\` ILIKE 'finished'`, 'afg'],
  [`status = 'finished'`, ''],
  [`run_name = 'alpha'`, 'a'],
  [`attributes.run_name LIKE '%a'`, 'abc'],
  [`\`run name\` = 'beta'`, 'b'],
  [`attributes."Run name" = 'beta'`, 'b'],
  [`\`Run Name\` = 'beta'`, 'b'],
  [`"run_name" = 'beta'`, 'b'],
  [`run_name != 'alpha'`, 'bc'],
  [`run_name = 'nameless tag'`, ''],
  [`user_id = 'ann'`, 'ac'],
  [`user_id = ''`, 'defg'],
  [`artifact_uri LIKE '%/a/artifacts'`, 'a'],
  ['start_time > 4000', 'abc'],
  ['attributes.start_time = 4000', 'd'],
  ['created >= 6000', 'ab'],
  ['Created < 2000', 'g'],
  ['run.created = 1e3', 'g'],
  ['end_time > 0', 'abdf'],
  ['end_time != 4000', 'abf'],
  ['end_time <= 4000.5', 'd'],
  // datasets
  [`dataset.name = 'iris'`, 'abc'],
  [`datasets.name = 'wine'`, 'a'],
  [`dataset.name != 'iris'`, 'a'],
  [`dataset.digest = 'd2'`, 'ab'],
  [`dataset.name = 'iris' AND dataset.digest = 'd2'`, 'ab'],
  [`dataset.context = 'eval'`, 'ab'],
  [`dataset.context != 'eval'`, 'a'],
  [`dataset.name LIKE 'i%'`, 'abc'],
  [`dataset.name ILIKE 'W%'`, 'a'],
  [`dataset.name IN ('wine', 'nobody')`, 'a'],
  [`datasets.digest NOT IN ('d1')`, 'ab'],
  [`dataset.context IN ('training')`, 'a'],
  // joining clauses, with MLflow's tolerance
  [`metrics.loss < 0.5 AND params.opt = 'adam'`, 'a'],
  [`metrics.loss < 0.5 and params.opt = 'adam'`, 'a'],
  [`metrics.loss < 0.5 And\tparams.opt != 'adam'`, 'ef'],
  [`metrics.loss < 0.5 params.opt = 'adam'`, 'a'],
  [`params.opt = 'adam'metrics.loss < 0.5`, 'a'],
  [`AND metrics.loss < 0.5`, 'aef'],
  [`metrics.loss < 0.5 AND`, 'aef'],
  [`metrics.loss < 0.5 AND AND metrics.acc > 0`, 'a'],
  [`  metrics.loss < 0.5\n`, 'aef'],
  [`params.opt = 'AND'`, ''],
  [`params.opt IS NULL params.lr IS NULL`, 'g'],
  // ours: OR, parentheses, lists everywhere
  [`params.opt = 'adam' OR params.opt = 'sgd'`, 'ac'],
  [`params.opt = 'adam' or params.opt = 'sgd' Or run_id = 'g'`, 'acg'],
  [`status = 'FINISHED' AND metrics.loss < 0.5 OR run_id = 'c'`, 'acf'],
  [`run_id = 'c' OR status = 'FINISHED' AND metrics.loss < 0.5`, 'acf'],
  [`status = 'FINISHED' AND (metrics.loss < 0.5 OR run_id = 'g')`, 'afg'],
  [`(status = 'FINISHED') AND (((metrics.loss < 0.25)))`, 'f'],
  [`(run_id = 'a' OR run_id = 'b') (status = 'FAILED' OR status = 'KILLED')`, 'b'],
  [`run_id IN ('a') OR params.opt IS NULL`, 'ag'],
  [`status IN ('FAILED', 'KILLED')`, 'bd'],
  [`status NOT IN ('FAILED', 'KILLED')`, 'acefg'],
  [`params.opt IN ('adam', 'sgd')`, 'ac'],
  [`params.opt NOT IN ('adam', 'sgd')`, 'bdef'],
  [`tags.team IN ('vision')`, 'b']
]

const ORDERED: readonly (readonly [orderBy: string[], ids: string])[] = [
  [[], ALL],
  [['start_time ASC'], 'gfedcba'],
  [['start_time'], 'gfedcba'],
  [['created desc'], ALL],
  [['metrics.loss'], 'efabdcg'],
  [['metrics.loss ASC'], 'efabdcg'],
  [['metrics.loss DESC'], 'dbafecg'],
  [['metrics.acc DESC'], 'abdcefg'],
  [['metrics.`val/loss`'], ALL],
  [['params.lr'], 'badcfeg'],
  [['params.lr DESC'], 'efcdabg'],
  [['params.empty DESC'], ALL],
  [['params.nobody'], ALL],
  [['tags.team'], 'ecadbfg'],
  [['status', 'metrics.loss DESC'], 'bafgdce'],
  [['user_id'], 'defgacb'],
  [['end_time'], 'dbafceg'],
  [['end_time DESC'], 'fabdceg'],
  [['run_name'], 'defabcg'],
  [['run_id DESC'], 'gfedcba'],
  [['attributes.status DESC', 'run_id DESC'], 'ecdgfab']
]

describe.each(ENGINES)('runs on %s', (engine) => {
  const data = openSearchData(engine)
  data.replace(RUNS)
  afterAll(() => data.close())

  const search = async (filter: string, orderBy: readonly string[] = [], view: ViewType = 'ACTIVE_ONLY') =>
    runIds(data.db, {
      experimentIds: ['1' as ExperimentId],
      filter: parseRunFilter(filter),
      orderBy: parseRunOrderBy(orderBy),
      view
    })

  it.each(FOUND)('finds %j', async (filter, ids) => {
    expect((await search(filter)).join('')).toBe(ids)
    const tree = parseRunFilter(filter)
    expect(
      RUNS.filter((run) => runMatches(tree, run))
        .map((run) => run.info.runId)
        .join('')
    ).toBe(ids)
  })

  it.each(ORDERED)('orders by %j', async (orderBy, ids) => {
    expect((await search('', orderBy)).join('')).toBe(ids)
    const orders = parseRunOrderBy(orderBy)
    expect(
      RUNS.toSorted((a, b) => compareRuns(orders, a, b))
        .map((run) => run.info.runId)
        .join('')
    ).toBe(ids)
  })
})

describe.each(ENGINES)('windows, views and experiments on %s', (engine) => {
  const data = openSearchData(engine)
  data.replace([
    sketchRun({ id: 'b', startTime: 5 }),
    sketchRun({ id: 'a', startTime: 5 }),
    sketchRun({ id: 'c', startTime: 9, lifecycleStage: 'deleted' }),
    sketchRun({ id: 'd', startTime: 7, experimentId: '9007199254740991' }),
    sketchRun({ id: 'e', startTime: 8, experimentId: '3' })
  ])
  afterAll(() => data.close())
  const base = {
    filter: null,
    orderBy: [],
    view: 'ALL',
    experimentIds: ['1', '9007199254740991'] as ExperimentId[]
  } as const

  it('sees the lifecycle stages of the view', async () => {
    expect(await runIds(data.db, base)).toEqual(['c', 'd', 'a', 'b'])
    expect(await runIds(data.db, { ...base, view: 'ACTIVE_ONLY' })).toEqual(['d', 'a', 'b'])
    expect(await runIds(data.db, { ...base, view: 'DELETED_ONLY' })).toEqual(['c'])
  })

  it('looks only into the experiments named', async () => {
    expect(await runIds(data.db, { ...base, experimentIds: [] })).toEqual([])
    expect(await runIds(data.db, { ...base, experimentIds: ['3' as ExperimentId] })).toEqual(['e'])
  })

  it('cuts a window out of the order', async () => {
    expect(await runIds(data.db, { ...base, limit: 2 })).toEqual(['c', 'd'])
    expect(await runIds(data.db, { ...base, limit: 2, offset: 1 })).toEqual(['d', 'a'])
    expect(await runIds(data.db, { ...base, offset: 3 })).toEqual(['b'])
    expect(await runIds(data.db, { ...base, limit: 0 })).toEqual([])
  })

  it('takes a filter as long as the limits allow', async () => {
    const clauses = Array.from({ length: 125 }, (_, i) => `(metrics.m${i} > 1 OR tags.t${i} IS NULL)`)
    expect(await runIds(data.db, { ...base, filter: parseRunFilter(clauses.join(' AND ')) })).toEqual([
      'c',
      'd',
      'a',
      'b'
    ])
    const nested = `${"(run_id = 'x' OR ".repeat(32)}run_id = 'a'${')'.repeat(32)}`
    expect(await runIds(data.db, { ...base, filter: parseRunFilter(nested) })).toEqual(['a'])
    const pattern = parseRunFilter(`params.p LIKE '${'*'.repeat(10_000)}' OR params.p LIKE '${'語'.repeat(10_000)}'`)
    expect(await runIds(data.db, { ...base, filter: pattern })).toEqual([])
    const ids = Array.from({ length: 2000 }, (_, i) => `'run-${i}-of-two-thousand'`).join()
    expect(await runIds(data.db, { ...base, filter: parseRunFilter(`run_id IN (${ids},'b')`) })).toEqual(['b'])
  })
})
