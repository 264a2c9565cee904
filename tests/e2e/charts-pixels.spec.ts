// Charts as pixels: the app's own components on a page of their own (tests/support/chart-stage.ts), with fixed data. Only the plot's inside is
// compared, which holds no text; a pixel in a hundred may differ, as browsers smooth edges each in their own way. What must be true to the
// pixel is read from the canvas.
import type { Page } from '@playwright/test'
import type { Smoothing } from '#lib/domain/smoothing.ts'
import { chartStagePage } from '../support/chart-stage.ts'
import { expect, test } from '../support/fixtures.ts'

test.use({ viewport: { width: 500, height: 300 } })

const SIZE = { width: 420, height: 220 }
const html = chartStagePage()
/** Its failure is each test's that waits for it. */
html.catch(() => undefined)

declare global {
  var shownPixels: () => number[]
}

interface Scene {
  /** One line each; x is the index. */
  readonly lines: readonly (readonly number[])[]
  readonly y?: 'linear' | 'log' | 'symlog'
  readonly smoothing?: Smoothing
  readonly band?: boolean
  readonly range?: readonly [number, number]
}

const open = async (page: Page, notebook: { readonly origin: string; page: (path: string, html: string) => void }) => {
  notebook.page('/charts.html', await html)
  await page.goto(`${notebook.origin}/charts.html`)
  await page.addStyleTag({ content: '.notes { visibility: hidden }' })
}

/** Runs in the page. */
function showScene({ lines: all, y = 'linear', smoothing, band, range, size }: Scene & { size: typeof SIZE }): void {
  const { domain, show } = globalThis.chartStage
  const width = 352
  const curves = all.map((values) => ({ x: Float64Array.from(values, (_, i) => i), y: Float64Array.from(values) }))
  const lines = curves.map((curve, at) => {
    const raw = domain.downsample(curve.x, curve.y, range ?? null, width)
    const smooth = smoothing ? { x: raw.x, y: domain.smoothed({ x: raw.x, y: raw.y }, smoothing) } : null
    return { runId: `r${at}` as never, raw, smooth, unplaced: 0 }
  })
  const grid = domain.bandGrid([0, Math.max(...all.map(({ length }) => length)) - 1], width, true)
  const bands = band
    ? [
        {
          group: 0,
          ...domain.bandOf(
            curves.map((curve) => domain.runColumns(curve, grid)),
            grid
          )
        }
      ]
    : null
  const ids = lines.map(({ runId }) => runId as string)
  show({
    ...size,
    made: [],
    panels: [
      {
        kind: 'line',
        lines,
        bands,
        colors: Object.fromEntries(ids.map((id, at) => [id, `var(--run-${at + 1})`])),
        names: Object.fromEntries(ids.map((id) => [id, id])),
        groups: { 0: { name: 'group', color: 'var(--run-1)' } },
        x: 'step',
        y,
        range: range ?? null,
        label: 'a chart'
      }
    ]
  })
}

const wave = (length: number, f: (i: number) => number): number[] => Array.from({ length }, (_, i) => f(i))
const noise = (seed: number): (() => number) => {
  let state = seed
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
}
const walk = (length: number, seed: number): number[] => {
  const random = noise(seed)
  let value = random()
  return wave(length, () => (value += (random() - 0.5) / 5))
}
const holes = wave(60, (i) => ({ 10: NaN, 11: NaN, 30: Infinity, 45: -Infinity })[i] ?? Math.sin(i / 6))

const SCENES: Readonly<Record<string, Scene>> = {
  'two lines': { lines: [walk(100, 1), walk(80, 2)] },
  'no numbers': { lines: [holes] },
  'one point': { lines: [[3]] },
  'no point': { lines: [[]] },
  log: { lines: [wave(50, (i) => ({ 20: 0, 21: -5 })[i] ?? 10 ** (i / 10 - 3))], y: 'log' },
  symlog: { lines: [wave(81, (i) => (i - 40) ** 3), wave(81, (i) => 100 * Math.sin(i / 8))], y: 'symlog' },
  band: { lines: [walk(60, 3), walk(60, 4), walk(45, 5)], band: true },
  smoothing: { lines: [walk(120, 6), walk(120, 7)], smoothing: { kind: 'ema', weight: 0.9 } },
  zoomed: { lines: [walk(1000, 8)], range: [200, 240] }
}

for (const scheme of ['light', 'dark'] as const)
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme })
    for (const [name, scene] of Object.entries(SCENES))
      test(`[PX1] ${name}, ${scheme}`, async ({ page, notebook }) => {
        await open(page, notebook)
        await page.evaluate(showScene, { ...scene, size: SIZE })
        await expect(page.locator('.plot .lines')).toHaveScreenshot(`${name.replaceAll(' ', '-')}-${scheme}.png`, {
          maxDiffPixelRatio: 0.01
        })
      })
  })

/** The lines' canvas, column by column: the rows that are painted, from the top. */
const paintedRows = (page: Page): Promise<number[][]> =>
  page.evaluate(async () => {
    // What a chart is told it shows with the next frame.
    for (let i = 0; i < 2; i++) await new Promise((resolve) => requestAnimationFrame(resolve))
    const canvas = document.querySelector<HTMLCanvasElement>('.lines canvas')!
    const { width, height } = canvas
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height)
    return Array.from({ length: width }, (_, x) =>
      Array.from({ length: height }, (_, y) => y).filter((y) => data[4 * (y * width + x) + 3]! > 40)
    )
  })

test('[PX2] a spike of one point among a million reaches the top, at every zoom', async ({ page, notebook }) => {
  await open(page, notebook)
  for (const range of [undefined, [400_000, 600_000], [499_000, 501_000], [499_990, 500_010]] as const) {
    await page.evaluate(
      ({ range, size }) => {
        const { domain, show } = globalThis.chartStage
        const x = Float64Array.from({ length: 1_000_000 }, (_, i) => i)
        const y = Float64Array.from(x, (at) => Math.sin(at / 1000) / 10)
        y[500_000] = 10
        const raw = domain.downsample(x, y, range ?? null, 352)
        show({
          ...size,
          made: [],
          panels: [
            {
              kind: 'line',
              lines: [{ runId: 'r' as never, raw, smooth: null, unplaced: 0 }],
              colors: { r: 'var(--run-1)' },
              names: { r: 'r' },
              x: 'step',
              y: 'linear',
              range: range ?? null,
              label: 'a million points'
            }
          ]
        })
      },
      { range, size: SIZE }
    )
    await expect.poll(async () => (await paintedRows(page)).some((rows) => rows.length > 0)).toBe(true)
    const columns = await paintedRows(page)
    const height = await page.evaluate(() => document.querySelector<HTMLCanvasElement>('.lines canvas')!.height)
    const [from, to] = range ?? [0, 999_999]
    const column = ((500_000 - from) / (to - from)) * columns.length
    // As wide as the way to the next point.
    const reach = 1 + columns.length / (to - from)
    const near = columns.slice(Math.max(0, Math.floor(column - reach)), Math.ceil(column + reach) + 1).flat()
    // From -0.1 to 10 with 7 % of air above and below: the spike's top is 0.07 / 1.14 of the height away from the edge.
    expect(Math.abs(Math.min(...near) - (0.07 / 1.14) * height)).toBeLessThanOrEqual(3)
    expect(new Set(near).size).toBeGreaterThan(height * 0.8)
    const elsewhere = columns.filter((_, at) => Math.abs(at - column) > columns.length / 10)
    expect(Math.min(...elsewhere.flat())).toBeGreaterThan(height * 0.8)
  }
})

test('[PX3] a NaN breaks the line and stands on the axis; an infinity stands at its edge', async ({
  page,
  notebook
}) => {
  await open(page, notebook)
  await page.evaluate(showScene, { lines: [holes], size: SIZE })
  const columns = await paintedRows(page)
  const height = await page.evaluate(() => document.querySelector<HTMLCanvasElement>('.lines canvas')!.height)
  const at = (x: number): number[] => columns[Math.round((x / 59) * columns.length)]!
  expect(Math.max(...at(10))).toBe(height - 1)
  expect(at(10).every((row) => row >= height - 8)).toBe(true)
  expect(Math.min(...at(30))).toBeLessThanOrEqual(1)
  expect(at(30).every((row) => row <= 8)).toBe(true)
  expect(at(45).every((row) => row >= height - 8)).toBe(true)
})

test('[PX4] a log axis draws nothing at 0 and below, and says how many', async ({ page, notebook }) => {
  await open(page, notebook)
  await page.evaluate(showScene, { ...SCENES['log']!, size: SIZE })
  const columns = await paintedRows(page)
  const column = (x: number): number[] => columns[Math.round((x / 49) * columns.length)]!
  expect([...column(20), ...column(20.5), ...column(21)]).toEqual([])
  expect(column(18.5).length).toBeGreaterThan(0)
  await expect(page.locator('.notes')).toHaveText('2 not above 0')
})

test('[PX5] no point paints nothing, and one point is a dot in the middle', async ({ page, notebook }) => {
  await open(page, notebook)
  await page.evaluate(showScene, { lines: [[]], size: SIZE })
  expect((await paintedRows(page)).flat()).toEqual([])
  await page.evaluate(showScene, { lines: [[3]], size: SIZE })
  await expect.poll(async () => (await paintedRows(page)).flat().length).toBeGreaterThan(8)
  const columns = await paintedRows(page)
  const painted = columns.flatMap((rows, x) => rows.map((y) => [x, y] as const))
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  expect(painted.length).toBeGreaterThan(8)
  expect(Math.abs(mean(painted.map(([x]) => x)) - columns.length / 2)).toBeLessThan(1.5)
})

test('[PX6] points that are appended one by one make the picture that all of them make at once', async ({
  page,
  notebook
}) => {
  await open(page, notebook)
  const all = walk(400, 9)
  for (const length of [390, 395, 399, 400])
    await page.evaluate(showScene, { lines: [[...all.slice(0, length)]], size: SIZE })
  const pixels = () =>
    page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('.lines canvas')!
      return [...canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data]
    })
  // Once the chart has settled its axis ends with the data, as that of a chart that never grew.
  await page.waitForTimeout(3500)
  const grown = await pixels()
  await page.reload()
  await page.evaluate(showScene, { lines: [all], size: SIZE })
  const whole = await pixels()
  expect(grown.length).toBe(whole.length)
  expect(grown.filter((value, i) => Math.abs(value - whole[i]!) > 40).length).toBeLessThan(whole.length / 1000)
})

/** A dozen lines, too many points to be painted at once. One of them swings as far everywhere, so that every range has the same heights. */
const showMany = (page: Page, range: readonly [number, number]): Promise<void> =>
  page.evaluate(
    ({ range, size, lines: all }) => {
      const lines = all.map((values, at) => {
        const x = Float64Array.from(values, (_, i) => i)
        const raw = globalThis.chartStage.domain.downsample(x, Float64Array.from(values), null, 352)
        return { runId: `r${at}` as never, raw, smooth: null, unplaced: 0 }
      })
      const names = Object.fromEntries(lines.map(({ runId }) => [runId, runId]))
      const colors = Object.fromEntries(lines.map(({ runId }, at) => [runId, `var(--run-${(at % 8) + 1})`]))
      globalThis.chartStage.show({
        ...size,
        made: [],
        panels: [{ kind: 'line', lines, colors, names, x: 'step', y: 'linear', range, label: 'many lines' }]
      })
    },
    {
      range,
      size: SIZE,
      lines: [
        wave(600, (i) => (i % 2 === 0 ? -1 : 1)),
        ...wave(11, (at) => at).map((at) => wave(600, (i) => Math.sin(i / (3 + at))))
      ]
    }
  )

/** What the lines' canvases show together, as they stand now. */
const shownPixels = (page: Page): Promise<number[]> => page.evaluate(() => globalThis.shownPixels())

/** Put into the page. */
function installShownPixels(): void {
  globalThis.shownPixels = () => {
    const sheet = document.querySelector<HTMLElement>('.sheet')!
    const canvases = [...sheet.querySelectorAll('canvas')]
    const { width, height } = canvases[0]!
    const together = new OffscreenCanvas(width, height).getContext('2d')!
    const { e: shift } = new DOMMatrix(sheet.style.transform)
    for (const canvas of canvases) together.drawImage(canvas, (canvas.offsetLeft + shift) * devicePixelRatio, 0)
    return [...together.getImageData(0, 0, width, height).data]
  }
}

/**
 * Move the pressed pointer back and forth about `by` pixels to the left, a move per frame, as a picture that rests is painted anew; until
 * it is shifted by just that, with so many strips beside it.
 */
const shiftedPixels = (page: Page, from: { x: number; y: number }, by: number, strips: number): Promise<number[]> =>
  page.evaluate(
    async ({ from, by, strips }) => {
      const [over, sheet] = [document.querySelector('.u-over')!, document.querySelector<HTMLElement>('.sheet')!]
      for (let i = 0; ; i++) {
        const clientX = from.x - by + (i % 3 === 0 ? 1 : 0)
        over.dispatchEvent(new PointerEvent('pointermove', { clientX, clientY: from.y, pointerId: 1, bubbles: true }))
        await new Promise((resolve) => requestAnimationFrame(resolve))
        const { e: shift } = new DOMMatrix(sheet.style.transform)
        if (i % 3 === 2 && shift === -by && sheet.querySelectorAll('canvas').length > strips)
          return globalThis.shownPixels()
      }
    },
    { from, by, strips }
  )

const differing = (a: readonly number[], b: readonly number[]): number =>
  a.filter((value, i) => Math.abs(value - b[i]!) > 40).length / b.length

test('[PX7] many lines that are panned are the same lines shifted, edges included, and at rest a picture of their own', async ({
  page,
  notebook
}) => {
  await page.addInitScript(installShownPixels)
  await open(page, notebook)
  await showMany(page, [200, 400])
  const over = (await page.locator('.u-over').boundingBox())!
  const canvases = page.locator('.sheet canvas')
  /** A picture of its own is there. */
  const painted = async () => {
    await expect(canvases).toHaveCount(1)
    await expect.poll(async () => (await shownPixels(page)).some((value) => value > 0)).toBe(true)
    return shownPixels(page)
  }
  const before = await painted()
  for (const [name, by] of [
    ['to the left', 60],
    ['to the right', -150]
  ] as const) {
    await page.keyboard.down('Shift')
    await page.mouse.move(over.x + 200, over.y + 90)
    await page.mouse.down()
    const from = { x: over.x + 200, y: over.y + 90 }
    const shifted = await shiftedPixels(page, from, by, Math.ceil(Math.abs(by) / 128))
    const rested = await painted()
    await page.mouse.up()
    await page.keyboard.up('Shift')
    const moved = (by * 200) / over.width
    await page.reload()
    await showMany(page, [200 + moved, 400 + moved])
    const fresh = await painted()
    expect(differing(before, fresh), name).toBeGreaterThan(0.05)
    expect(differing(shifted, fresh), name).toBeLessThan(0.002)
    expect(differing(rested, fresh), name).toBeLessThan(0.0001)
    await page.reload()
    await showMany(page, [200, 400])
    await painted()
  }
})

test('[PX8] a cursor that moves is drawn once for each move', async ({ page, notebook }) => {
  await open(page, notebook)
  await showMany(page, [200, 400])
  const over = (await page.locator('.u-over').boundingBox())!
  await page.mouse.move(over.x + 100, over.y + 90)
  await expect(page.locator('.rule')).toBeVisible()
  const drawn = await page.evaluate(
    async (from) => {
      const rule = document.querySelector<HTMLElement>('.rule')!
      const { style } = rule
      let count = 0
      // Every time it is placed, also where it stands already.
      Object.defineProperty(rule, 'style', { get: () => (count++, style) })
      const moves = 20
      for (let i = 1; i <= moves; i++) {
        const clientX = from.x + 5 * i
        const event = new PointerEvent('pointermove', { clientX, clientY: from.y, pointerId: 1, bubbles: true })
        document.querySelector('.u-over')!.dispatchEvent(event)
        for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve))
      }
      return { count, moves }
    },
    { x: over.x + 100, y: over.y + 90 }
  )
  expect(drawn.count).toBeGreaterThanOrEqual(drawn.moves)
  expect(drawn.count).toBeLessThanOrEqual(drawn.moves + 2)
})
