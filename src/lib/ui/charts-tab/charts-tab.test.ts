import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DEFAULT_SETTINGS,
  overlay,
  parseSmoothing,
  readSettings,
  settingTexts,
  smoothingToText
} from './chart-settings.ts'
import {
  addPanel,
  EMPTY_LAYOUT,
  foldGroup,
  hidePanel,
  isArranged,
  metricPanelId,
  moveBeside,
  neighbourAt,
  orderGroups,
  orderPanels,
  removePanel,
  showPanels,
  withOptions,
  withSettings,
  type Layout
} from './layout.ts'
import { arrangePanels, keysInOrder, parseFind, type Arrangement } from './panels.ts'
import { groupRuns } from './run-groups.ts'
import { layoutToText, parseLayout } from './saved-layout-text.ts'
import {
  byRule,
  DEFAULT_VISIBILITY,
  isVisible,
  NEWEST,
  readVisibility,
  soloRun,
  toggleRun,
  visibilityParams,
  type Visibility
} from './visible-runs.ts'

const drawn = (arrangement: Arrangement): Record<string, string[]> =>
  Object.fromEntries(arrangement.groups.map(({ name, panels }) => [name, panels.map(({ title }) => title)]))

const KEYS = keysInOrder([], ['system/cpu', 'val/loss', 'train/loss', 'epoch', 'train/acc'])

describe('panels', () => {
  it('[CT1] every metric has a panel, grouped by prefix: none first, system metrics last and folded', () => {
    const arrangement = arrangePanels(KEYS, EMPTY_LAYOUT, null)
    expect(drawn(arrangement)).toEqual({ '': ['epoch'], train: ['acc', 'loss'], val: ['loss'], system: ['cpu'] })
    expect(arrangement.groups.map(({ folded }) => folded)).toEqual([false, false, false, true])
    expect(arrangement.total).toBe(5)
  })

  it('[CT2] what is logged later comes at the end of its group and moves nothing', () => {
    const later = keysInOrder(KEYS, [...KEYS, 'train/aaa', 'another/x', 'train/aab'].reverse())
    expect(drawn(arrangePanels(later, EMPTY_LAYOUT, null))).toEqual({
      '': ['epoch'],
      train: ['acc', 'loss', 'aaa', 'aab'],
      val: ['loss'],
      another: ['x'],
      system: ['cpu']
    })
    expect(keysInOrder(later, ['train/loss'])).toEqual(['train/loss'])
  })

  it('[CT3] an order somebody gave goes first, what it does not know follows, what is gone is passed over', () => {
    const order = ['metric:train/gone', 'metric:train/loss']
    const layout = orderGroups(orderPanels(EMPTY_LAYOUT, '/train', order), ['/val'])
    const arrangement = arrangePanels(KEYS, layout, null)
    expect(Object.entries(drawn(arrangement))[0]).toEqual(['val', ['loss']])
    expect(drawn(arrangement)['train']).toEqual(['loss', 'acc'])
  })

  it('[CT4] hidden panels are not drawn and can be found; a search leaves the order alone', () => {
    const hidden = hidePanel(EMPTY_LAYOUT, metricPanelId('train/acc'))
    const arrangement = arrangePanels(KEYS, hidden, parseFind('loss$').find)
    expect(drawn(arrangement)).toEqual({ train: ['loss'], val: ['loss'] })
    expect(arrangement.hidden.map(({ name }) => name)).toEqual(['train/acc'])
    expect(arrangement.total).toBe(4)
    expect(arrangement.groups[0]?.ids).toEqual(['metric:train/acc', 'metric:train/loss'])
    expect(showPanels(hidden, [metricPanelId('train/acc')])).toEqual(EMPTY_LAYOUT)
  })

  it('[CT5] a search is a regular expression, and one that is none is said', () => {
    expect(parseFind('')).toEqual({ find: null, problem: null })
    expect(parseFind('LOSS').find?.test('loss')).toBe(false)
    expect(parseFind('^Train').find?.test('train/loss')).toBe(false)
    expect(parseFind('acc|LOSS').find?.test('LOSS')).toBe(true)
    expect(parseFind('loss').find?.test('val/LOSS')).toBe(true)
    expect(parseFind('(').find).toBeNull()
    expect(parseFind('(').problem).toMatch(/^Unterminated group/i)
  })
})

describe('arranging', () => {
  it('[CT6] moving keeps every one exactly once, and goes over what is not drawn', () => {
    const ids = ['a', 'b', 'c']
    expect(moveBeside(ids, 'a', 'c', 'after')).toEqual(['b', 'c', 'a'])
    expect(moveBeside(ids, 'c', 'a', 'before')).toEqual(['c', 'a', 'b'])
    expect(moveBeside(ids, 'c', 'a', 'after')).toEqual(['a', 'c', 'b'])
    for (const [id, target, side] of [
      ['a', 'a', 'before'],
      ['a', 'b', 'before'],
      ['b', 'a', 'after'],
      ['x', 'a', 'after'],
      ['a', 'x', 'after']
    ] as const)
      expect(moveBeside(ids, id, target, side)).toBe(ids)
    expect(neighbourAt(['a', 'c'], 'a', 1)).toEqual({ target: 'c', side: 'after' })
    expect(neighbourAt(['a', 'c'], 'c', -5)).toEqual({ target: 'a', side: 'before' })
    expect(neighbourAt(['a', 'c'], 'c', 1)).toBeNull()
    expect(neighbourAt(['a', 'c'], 'b', 1)).toBeNull()
  })

  it('[CT7] an added panel has an id nobody has, and nothing is left of it when it goes', () => {
    const one = addPanel(EMPTY_LAYOUT, { kind: 'bar', key: 'acc' })
    const two = addPanel(one.layout, {
      kind: 'scatter',
      x: { kind: 'param', key: 'lr' },
      y: { kind: 'metric', key: 'acc' }
    })
    expect([one.id, two.id]).toEqual(['added:1', 'added:2'])
    expect(drawn(arrangePanels(['acc'], two.layout, null))).toEqual({
      Added: ['acc', 'acc by lr'],
      '': ['acc']
    })
    let layout = orderPanels(withOptions(two.layout, two.id, { span: 2 }), 'added', [two.id, one.id])
    layout = removePanel(hidePanel(layout, two.id), two.id)
    expect(JSON.stringify(layout)).not.toContain(two.id)
    expect(addPanel(layout, { kind: 'line', key: 'acc' }).id).toBe('added:2')
  })

  it('[CT8] a particularity that is taken away leaves no trace', () => {
    const wide = withOptions(EMPTY_LAYOUT, 'metric:a', { span: 2, settings: { y: 'log' } })
    expect(wide.options).toEqual({ 'metric:a': { span: 2, settings: { y: 'log' } } })
    expect(withOptions(wide, 'metric:a', { span: undefined, settings: undefined })).toEqual(EMPTY_LAYOUT)
    expect(isArranged(withSettings(EMPTY_LAYOUT, { y: 'log' }))).toBe(false)
    expect(isArranged(foldGroup(EMPTY_LAYOUT, '/train', true))).toBe(true)
  })
})

describe('saved layout', () => {
  const full: Layout = {
    settings: { x: 'metric:samples seen', y: 'symlog', smooth: 'gaussian:2.5', bands: 'params.lr', zoom: 'alone' },
    groups: ['/val', '/train'],
    order: { '/train': ['metric:train/loss', 'metric:train/acc'] },
    folded: { '/system': false },
    hidden: ['metric:epoch'],
    options: { 'metric:train/loss': { span: 2, height: 300, settings: { y: 'log' }, as: 'bar' } },
    added: [
      { id: 'added:1', kind: 'line', key: 'a' },
      { id: 'added:4', kind: 'scatter', x: { kind: 'param', key: 'l.r' }, y: { kind: 'metric', key: 'b c' } },
      { id: 'added:2', kind: 'parallel', columns: [{ kind: 'tag', key: 'team' }] }
    ]
  }

  it('[CT9] comes back as it was saved', () => {
    expect(parseLayout(layoutToText(full))).toEqual({ layout: full, whole: true })
    expect(parseLayout(layoutToText(EMPTY_LAYOUT))).toEqual({ layout: EMPTY_LAYOUT, whole: true })
  })

  it('[CT10] text that is no layout reads as an empty one, and says so', () => {
    for (const text of ['', 'null', '[]', '{', '{"version":2}', '"x"'])
      expect(parseLayout(text)).toEqual({ layout: EMPTY_LAYOUT, whole: false })
  })

  it('[CT11] of a layout that is wrong in places the rest is read, whatever stands there', () => {
    const wrong = {
      ...(JSON.parse(layoutToText(full)) as object),
      settings: { x: 'sideways', y: 'log' },
      groups: 'all',
      options: { a: { span: 1e9, height: -3, as: 'pie' }, b: null },
      added: [{ id: 'added:1', kind: 'bar', key: 'a' }, { id: 'added:1', kind: 'line', key: 'b' }, { id: 'x' }, 7]
    }
    const { layout, whole } = parseLayout(JSON.stringify(wrong))
    expect(whole).toBe(false)
    expect(layout.settings).toEqual({ y: 'log' })
    expect(layout.groups).toEqual([])
    expect(layout.options).toEqual({ a: { span: 4, height: 120 }, b: {} })
    expect(layout.added).toEqual([{ id: 'added:1', kind: 'bar', key: 'a' }])

    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(full)), fc.jsonValue()), (anything) => {
        const parsed = parseLayout(JSON.stringify({ version: 1, ...anything })).layout
        expect(parseLayout(layoutToText(parsed)).layout).toEqual(parsed)
        arrangePanels(KEYS, parsed, null)
      })
    )
  })
})

describe('settings', () => {
  it('[CT12] the URL goes before what was saved, and what cannot be read is passed over', () => {
    const settings = readSettings(new URLSearchParams('x=relative&y=upwards&smooth=ema:1.5&bands=metrics.a'), {
      x: 'time',
      y: 'log',
      smooth: 'average:20'
    })
    expect(settings).toEqual({
      ...DEFAULT_SETTINGS,
      x: 'relative',
      y: 'log',
      smoothing: { kind: 'average', points: 20 }
    })
    expect(readSettings(new URLSearchParams('smooth=none'), { smooth: 'ema:0.6' }).smoothing).toBeNull()
  })

  it('[CT13] texts say the settings', () => {
    const settings = {
      x: { metric: 'a:b/c' },
      y: 'symlog',
      smoothing: { kind: 'gaussian', sigma: 0.5 },
      groupBy: { kind: 'tag', key: 'x.y' },
      linked: false
    } as const
    expect(overlay(DEFAULT_SETTINGS, settingTexts(settings))).toEqual(settings)
    for (const text of ['ema', 'ema:', 'ema:x', 'ema:0.5:1', 'average:1', 'gaussian:201', 'mean:3', 'ema:NaN'])
      expect(parseSmoothing(text), text).toBeUndefined()
    expect(smoothingToText(parseSmoothing('average:2.6') ?? null)).toBe('average:3')
  })
})

describe('visible runs', () => {
  const visible = (visibility: Visibility, total: number): number[] =>
    Array.from({ length: total }, (_, place) => total - place).filter((number, place) =>
      isVisible(visibility, number, place)
    )

  it('[CT14] the newest are drawn until somebody says otherwise', () => {
    expect(visible(DEFAULT_VISIBILITY, 40)).toEqual(Array.from({ length: NEWEST }, (_, at) => 40 - at))
    expect(visible(byRule('all'), 40)).toHaveLength(40)
    expect(visible(byRule('none'), 40)).toEqual([])
  })

  it('[CT15] a run hidden by hand stays hidden when newer ones come, and one shown stays shown', () => {
    const chosen = toggleRun(toggleRun(DEFAULT_VISIBILITY, 20, 0), 1, 19)
    expect(visible(chosen, 20)).toEqual([19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 1])
    expect(isVisible(chosen, 20, 30)).toBe(false)
    expect(isVisible(chosen, 1, 300)).toBe(true)
    expect(toggleRun(toggleRun(chosen, 20, 0), 1, 19)).toEqual(DEFAULT_VISIBILITY)
  })

  it('[CT16] solo shows one and no other, and once more brings the default back', () => {
    const solo = soloRun(byRule('all'), 7)
    expect(visible(solo, 40)).toEqual([7])
    expect(soloRun(solo, 7)).toEqual(DEFAULT_VISIBILITY)
    expect(visible(soloRun(solo, 8), 40)).toEqual([8])
  })

  it('[CT17] a URL says them', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('newest', 'all', 'none'),
        fc.uniqueArray(fc.integer({ min: 1, max: 99 })),
        fc.nat(9),
        (rule, numbers, cut) => {
          const visibility = {
            rule,
            on: new Set(numbers.slice(0, cut)),
            off: new Set(numbers.slice(cut))
          } as Visibility
          const params = new URLSearchParams()
          for (const [name, text] of Object.entries(visibilityParams(visibility))) if (text) params.set(name, text)
          expect(readVisibility(params)).toEqual(visibility)
        }
      )
    )
    expect(readVisibility(new URLSearchParams('runs=some&on=1,x,-2,3.5,,7&off=7,8'))).toEqual({
      rule: 'newest',
      on: new Set([1, 7]),
      off: new Set([8])
    })
  })
})

describe('groups of runs', () => {
  it('[CT18] are in the order of their values, and keep their colours when another value comes', () => {
    const runs = [
      { number: 4, value: null },
      { number: 3, value: '10' },
      { number: 2, value: 'adam' },
      { number: 1, value: '9' }
    ]
    const { groups, indices } = groupRuns(runs)
    expect(groups.map(({ value }) => value)).toEqual(['9', '10', 'adam', null])
    expect(indices).toEqual([3, 1, 2, 0])
    expect(groups.map(({ color }) => color)).toEqual(['var(--run-1)', 'var(--run-3)', 'var(--run-2)', 'var(--run-4)'])
    const later = groupRuns([{ number: 5, value: '1e-3' }, ...runs])
    expect(later.groups[0]).toEqual({ value: '1e-3', color: 'var(--run-5)', runs: 1 })
    expect(later.groups.slice(1).map(({ color }) => color)).toEqual(groups.map(({ color }) => color))
  })
})
