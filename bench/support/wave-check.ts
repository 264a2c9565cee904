/** Whether charts show what was logged, by their pixels. Put into a page as text: it uses nothing from outside itself. */

export interface WaveWatch {
  /** When the pixels of the first charts were right, ms after the last click or release; null while they are not. */
  readonly rightMs: number | null
  /** Why not yet, for who waits too long. */
  readonly problem: string
}

declare global {
  var waveWatch: { start(what: 'open' | 'zoom'): void; state: WaveWatch }
}

/**
 * Watch the first charts of a run until each of them is the wave that was logged.
 *
 * The wave is a slow swing with a fast one on it: over all of it the fast one is a band, over a small range it is a line, and a picture of
 * one range is no picture of another. A column's middle is compared with the middle of what was logged there: over 15 columns the two must
 * lie on one straight line, falling, within a few pixels.
 */
export function installWaveWatch(options: { charts: number; steps: number; slow: number; fast: number }): void {
  const COLUMNS = 15
  /** CSS pixels. */
  const OFF = 5
  const SAMPLES = 400

  const wave = (step: number): number =>
    Math.sin((2 * Math.PI * options.slow * step) / options.steps) +
    0.5 * Math.sin((2 * Math.PI * options.fast * step) / options.steps)

  const middleOf = (from: number, to: number): number => {
    let [low, high] = [Infinity, -Infinity]
    for (let i = 0; i <= SAMPLES; i++) {
      const value = wave(from + ((to - from) * i) / SAMPLES)
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
    return (low + high) / 2
  }

  /** Charts side by side show the same columns of the same range: what is expected of them is worked out once. */
  let expected: { readonly name: string; readonly middles: readonly number[] } = { name: '', middles: [] }
  const expectedMiddles = (columns: readonly number[], width: number, [from, to]: readonly [number, number]) => {
    const name = [from, to, width].join()
    const at = (column: number): number => from + ((to - from) * column) / width
    if (expected.name !== name) expected = { name, middles: columns.map((x) => middleOf(at(x), at(x + 1))) }
    return expected.middles
  }

  const paintedMiddle = (context: CanvasRenderingContext2D, x: number, height: number): number | null => {
    const { data } = context.getImageData(x, 0, 1, height)
    let [top, bottom] = [-1, -1]
    for (let y = 0; y < height; y++) {
      if (data[4 * y + 3]! < 60) continue
      if (top < 0) top = y
      bottom = y
    }
    return top < 0 ? null : (top + bottom) / 2
  }

  const problemOf = (article: Element, range: readonly [number, number]): string | null => {
    const canvas = article.querySelector<HTMLCanvasElement>('.sheet > canvas')
    if (canvas === null) return 'no canvas'
    if (canvas.parentElement!.style.transform !== '') return 'an old picture stands in'
    const { width, height } = canvas
    const context = canvas.getContext('2d')!
    if (width < 100 || height < 50) return 'no size'
    const columns = Array.from({ length: COLUMNS }, (_, i) => Math.floor((width * (i + 1)) / (COLUMNS + 1)))
    const middles = expectedMiddles(columns, width, range)
    const points: [expected: number, row: number][] = []
    for (const [i, x] of columns.entries()) {
      const row = paintedMiddle(context, x, height)
      if (row === null) return `nothing at column ${x} of ${width}`
      points.push([middles[i]!, row])
    }
    const mean = (pick: (point: [number, number]) => number): number =>
      points.reduce((sum, point) => sum + pick(point), 0) / points.length
    const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)]
    const slope = mean(([x, y]) => (x - meanX) * (y - meanY)) / mean(([x]) => (x - meanX) ** 2)
    if (!(slope < 0)) return `slope ${slope}`
    const off = Math.max(...points.map(([x, y]) => Math.abs(y - (meanY + slope * (x - meanX)))))
    return off <= OFF * devicePixelRatio ? null : `off by ${off.toFixed(1)} pixels`
  }

  const look = (): string | null => {
    const articles = [...document.querySelectorAll('article[id^="chart-"]')].slice(0, options.charts)
    if (articles.length < options.charts) return `${articles.length} charts`
    const asked = new URLSearchParams(location.search).get('range')?.split(',').map(Number)
    const range = asked?.length === 2 ? ([asked[0]!, asked[1]!] as const) : ([0, options.steps - 10] as const)
    for (const article of articles) {
      const problem = problemOf(article, range)
      if (problem !== null) return `${article.id}: ${problem}`
    }
    return null
  }

  const rangeText = (): string => new URLSearchParams(location.search).get('range') ?? ''

  let round = 0
  let lastInput = 0
  globalThis.waveWatch = {
    state: { rightMs: null, problem: '' },
    start(what) {
      const own = ++round
      const began = performance.now()
      const before = rangeText()
      globalThis.waveWatch.state = { rightMs: null, problem: 'not looked yet' }
      const problemNow = (): string | null => {
        if (lastInput < began) return 'nothing was pressed'
        return what === 'zoom' && rangeText() === before ? 'the range is as it was' : look()
      }
      const frame = (): void => {
        if (own !== round) return
        const problem = problemNow()
        if (problem !== null) {
          globalThis.waveWatch.state = { rightMs: null, problem }
          requestAnimationFrame(frame)
          return
        }
        // The frame after the one it was seen in has painted it.
        requestAnimationFrame(
          () => (globalThis.waveWatch.state = { rightMs: performance.now() - lastInput, problem: '' })
        )
      }
      requestAnimationFrame(frame)
    }
  }
  for (const kind of ['click', 'pointerup', 'dblclick'])
    addEventListener(kind, (event) => (lastInput = event.timeStamp), { capture: true })
}
