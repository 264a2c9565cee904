import { describe, expect, it } from 'vitest'
import type { MetricSummary } from '#lib/domain/metric.ts'
import { artifactKind, looksLikeText } from './artifact-kind.ts'
import { foldersOf, sortEntries } from './artifact-list.ts'
import { readChartState, writeChartState } from './chart-state.ts'
import { isInlineImage, isOutwardLink, markdownToHtml } from './markdown.ts'
import { groupMetrics } from './metric-groups.ts'
import { commitUrl, splitTags } from './run-facts.ts'
import { groupSystemMetrics, systemMetricTitle } from './system-groups.ts'

const metric = (key: string): MetricSummary => ({
  key,
  last: { step: 0, timestamp: 0, value: 1 },
  min: 1,
  max: 1,
  count: 1
})

describe('metrics', () => {
  it('are grouped by prefix, plain ones first and system ones last', () => {
    const groups = groupMetrics(['system/cpu', 'val/loss', 'loss', 'train/loss', 'acc', 'train/a/b'].map(metric))
    expect(groups.map((group) => group.prefix)).toEqual(['', 'train', 'train/a', 'val', 'system'])
    expect(groups[0]!.metrics.map((each) => each.key)).toEqual(['acc', 'loss'])
  })
})

describe('system metrics', () => {
  it('[SM18] are grouped by what they are of, known ones first, machine by machine', () => {
    const keys = ['mine', 'frames_per_second', 'b/cpu_utilization_percentage', 'a/cpu_utilization_percentage']
    keys.push('system_memory_usage_percentage', 'process_heap_usage_megabytes')
    keys.push(
      'network_transmit_megabytes',
      'disk_available_megabytes',
      'disk_usage_percentage',
      'gpu_0_power_usage_watts'
    )
    const groups = groupSystemMetrics(keys.map((key) => metric(`system/${key}`)))
    expect(groups.map(({ title, panels }) => [title, ...panels.map((panel) => panel.title)])).toEqual([
      ['CPU', 'a: CPU utilization, %', 'b: CPU utilization, %'],
      ['Memory', 'Memory usage, %'],
      ['Disk', 'Disk usage, %', 'Disk available, MB'],
      ['Network', 'Network transmit, MB'],
      ['GPU', 'GPU 0 power usage, W'],
      ['Process', 'Heap usage, MB'],
      ['Page', 'Frames per second'],
      ['Other', 'Mine']
    ])
  })

  it.each([
    ['js_heap_usage_megabytes', 'JS heap usage, MB'],
    ['event_loop_delay_milliseconds', 'Event loop delay, ms'],
    ['percentage', 'Percentage'],
    ['', '']
  ])('[SM19] %s is called %s', (name, title) => expect(systemMetricTitle(name)).toBe(title))
})

describe('chart state', () => {
  it('reads back what it writes', () => {
    const state = { axis: 'relative', range: [0, 60_000], log: true } as const
    expect(readChartState(writeChartState(state, new URLSearchParams('tab=x'), null), null)).toEqual(state)
  })

  it('writes nothing for the defaults, and the axis with every range', () => {
    const write = (state: Parameters<typeof writeChartState>[0], remembered: string | null): string =>
      writeChartState(state, new URLSearchParams(), remembered).toString()
    expect(write({ axis: 'step', range: null, log: false }, null)).toBe('')
    expect(write({ axis: 'time', range: null, log: false }, 'time')).toBe('x=time')
    expect(write({ axis: 'step', range: null, log: false }, 'time')).toBe('x=step')
    expect(write({ axis: 'step', range: [1, 2], log: false }, null)).toBe('x=step&range=1%2C2')
  })

  it.each(['range=1', 'range=a,b', 'range=2,2', 'range=,', 'range=1,2,3', 'x=nonsense'])('ignores %s', (text) => {
    expect(readChartState(new URLSearchParams(text), null)).toEqual({ axis: 'step', range: null, log: false })
  })
})

describe('artifacts', () => {
  it.each([
    ['a/b.PNG', 'image'],
    ['x.svg', 'image'],
    ['x.json', 'json'],
    ['x.csv', 'table'],
    ['x.html', 'html'],
    ['x.md', 'markdown'],
    ['MLmodel', 'text'],
    ['README', 'text'],
    ['x.pkl', 'none'],
    ['x.unknown', 'none'],
    ['v1.2/model', 'text']
  ])('%s is shown as %s', (path, preview) => expect(artifactKind(path).preview).toBe(preview))

  it('never hands out a type that runs, the framed page excepted', () => {
    for (const path of ['a.js', 'a.mjs', 'a.xml', 'a.xhtml', 'a.pdf', 'a.css', 'a'])
      expect(artifactKind(path).mediaType).toMatch(/^(text\/plain|application\/octet-stream)$/)
  })

  it('tells text from bytes', () => {
    expect(looksLikeText(new TextEncoder().encode('naïve café\n'))).toBe(true)
    expect(looksLikeText(new Uint8Array([80, 75, 3, 4, 0]))).toBe(false)
    expect(looksLikeText(Uint8Array.from({ length: 200 }, (_, i) => 128 + (i % 100)))).toBe(false)
    // Cut in the middle of a character, as the first bytes of a file are.
    expect(looksLikeText(new TextEncoder().encode('é').slice(0, 1))).toBe(true)
  })

  it('lists folders first and counts as people do', () => {
    const entry = (path: string, isDir = false) => ({ path, isDir, size: 0 })
    const sorted = sortEntries([entry('e-10.txt'), entry('e-2.txt'), entry('z', true)])
    expect(sorted.map((each) => each.path)).toEqual(['z', 'e-2.txt', 'e-10.txt'])
    expect(foldersOf('a/b/c.txt')).toEqual(['a', 'a/b'])
    expect(foldersOf('c.txt')).toEqual([])
  })
})

describe('markdown', () => {
  it('draws tables and lists', () => {
    expect(markdownToHtml('# a')).toContain('<h2>a</h2>')
    expect(markdownToHtml('| a |\n|---|\n| 1 |')).toContain('<td>1</td>')
  })

  it.each([
    ['data:image/png;base64,iVBORw0KGgo=', true],
    ['data:image/svg+xml;base64,PHN2Zz4=', false],
    ['https://example.org/a.png', false],
    ['//example.org/a.png', false],
    ['/a.png', false],
    ['data:text/html,<script>', false],
    [' data:image/png;base64,x', false]
  ])('image %s inline: %s', (source, inline) => expect(isInlineImage(source)).toBe(inline))
})

describe('links', () => {
  it.each([
    ['https://example.org', true],
    ['mailto:a@example.org', true],
    ['#part', true],
    ['/trash', false],
    ['//example.org', false],
    ['javascript:alert(1)', false],
    ['data:text/html,x', false],
    ['https:settings', false]
  ])('%s leads out: %s', (address, outward) => expect(isOutwardLink(address)).toBe(outward))
})

describe('facts', () => {
  const tags = [
    { key: 'team', value: 'x' },
    { key: 'mlflow.note.content', value: 'note' },
    { key: 'mlflow.user', value: 'u' },
    { key: 'a', value: '1' }
  ]

  it('splits tags', () => {
    expect(splitTags(tags).own.map((tag) => tag.key)).toEqual(['a', 'team'])
    expect(splitTags(tags).system.map((tag) => tag.key)).toEqual(['mlflow.user'])
  })

  it.each([
    ['https://github.com/a/b.git', 'https://github.com/a/b/commit/a1b2c3d'],
    ['git@gitlab.com:a/b.git', 'https://gitlab.com/a/b/commit/a1b2c3d'],
    ['javascript:alert(1)', null],
    ['https://github.com.evil.example/a/b', null]
  ])('commit at %s', (origin, url) =>
    expect(commitUrl([{ key: 'mlflow.source.git.repoURL', value: origin }], 'a1b2c3d')).toBe(url)
  )
})
