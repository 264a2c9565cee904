/** The lines of a chart as a painting: bands, raw lines, smoothed ones, marks, in that order and a bit at a time. */
import type { RunId } from '#lib/domain/ids.ts'
import { paintBand, paintDots, paintMarks, traceTrack, type Context, type View } from './paint.ts'
import type { Painting } from './paint-queue.ts'
import type { BandTracks, LineTracks, Track } from './tracks.ts'

/** Everything a picture is made of; colours as a canvas understands them. */
export interface LineScene {
  readonly lines: readonly LineTracks[]
  readonly bands: readonly BandTracks[]
  readonly colorOf: (run: RunId) => string
  readonly bandColor: (group: number) => string
  readonly markColor: string
  /** Another one whenever colours may have changed. */
  readonly palette: object
  /** Device pixels in a CSS pixel. */
  readonly scale: number
}

/** How faint the points stand behind their smoothed line, and lines behind their band. */
const BEHIND = 0.28
const BAND = 0.16
/** A line wider than a device pixel costs a canvas ten times as much: only a few are drawn so. */
const WIDE_POINTS = 6000
/** And none that has more points than this in each column of pixels: it covers them anyway. */
const WIDE_COLUMN_POINTS = 2
const DOT_ROOM = 12
const DOT_RADIUS = 2.5
const MARK = 6

interface Stroke {
  readonly track: Track
  readonly run: RunId
  readonly alpha: number
  readonly dots: boolean
}

export class LinePicture implements Painting {
  readonly #scene: LineScene
  readonly #view: View
  readonly #context: Context
  readonly #strokes: readonly Stroke[]
  readonly #width: number
  readonly #done: () => void
  readonly #whole: View
  #next = 0

  /** Clears the canvas. `done` is called when everything is painted. `whole`: the picture this one goes on from. */
  constructor(scene: LineScene, view: View, context: Context, done: () => void, whole: View = view) {
    this.#scene = scene
    this.#view = view
    this.#whole = whole
    this.#context = context
    this.#done = done
    this.#strokes = strokesOf(scene)
    this.#width = widthOf(scene, whole)
    context.clearRect(0, 0, view.width, view.height)
    context.globalAlpha = 1
    context.lineJoin = 'round'
    this.#paintBands()
  }

  step(points: number): boolean {
    const context = this.#context
    let left = points
    let stroke = this.#strokes[this.#next]
    while (stroke !== undefined && left > 0) {
      const { run, alpha } = stroke
      const color = this.#scene.colorOf(run)
      context.strokeStyle = context.fillStyle = color
      context.globalAlpha = alpha
      context.lineWidth = this.#width
      context.beginPath()
      left -= traceTrack(context, stroke.track, this.#view) + 20
      context.stroke()
      if (stroke.dots) {
        const { scale } = this.#scene
        paintDots(context, stroke.track, this.#view, DOT_RADIUS * scale, DOT_ROOM * scale, this.#whole)
      }
      stroke = this.#strokes[++this.#next]
    }
    if (stroke !== undefined) return false
    context.globalAlpha = 1
    this.#paintMeans()
    context.fillStyle = this.#scene.markColor
    paintMarks(context, this.#scene.lines, this.#view, MARK * this.#scene.scale)
    this.#done()
    return true
  }

  #paintBands(): void {
    this.#context.globalAlpha = BAND
    for (const band of this.#scene.bands) {
      this.#context.fillStyle = this.#scene.bandColor(band.band.group)
      paintBand(this.#context, band, this.#view)
    }
  }

  #paintMeans(): void {
    for (const { band, x, mean } of this.#scene.bands) {
      this.#context.strokeStyle = this.#context.fillStyle = this.#scene.bandColor(band.group)
      this.#context.lineWidth = 2 * this.#scene.scale
      this.#context.beginPath()
      traceTrack(this.#context, { x, at: mean }, this.#view)
      this.#context.stroke()
      paintDots(this.#context, { x, at: mean }, this.#view, DOT_RADIUS * this.#scene.scale, Infinity)
    }
  }
}

/** Device pixels, the same for all lines of a picture. */
const widthOf = (scene: LineScene, { width }: View): number => {
  const most = WIDE_COLUMN_POINTS * width
  const isThin = pointsOf(scene) > WIDE_POINTS || scene.lines.some(({ raw }) => raw.x.length > most)
  return isThin ? 1 : 1.5 * scene.scale
}

export const pointsOf = ({ lines }: LineScene): number =>
  lines.reduce((sum, { raw, smooth }) => sum + raw.x.length + (smooth?.x.length ?? 0), 0)

/** Raw lines first, so that every smoothed one is in front of all of them. */
function strokesOf({ lines, bands }: LineScene): Stroke[] {
  const behind = bands.length > 0 ? BEHIND : 1
  const raw = lines.map(({ raw, smooth, runId }) => ({
    track: raw,
    run: runId,
    alpha: smooth === null ? behind : BEHIND * behind,
    dots: smooth === null
  }))
  const smooth = lines.flatMap(({ smooth, runId }) =>
    smooth === null ? [] : [{ track: smooth, run: runId, alpha: behind, dots: true }]
  )
  return [...raw, ...smooth]
}

// ── live ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Whether all that is new stands at the ends of lines, so that it can be painted onto the picture of `before`. */
export function isAppended(before: LineScene, after: LineScene, view: View): boolean {
  if (before.lines.length !== after.lines.length || before.bands.length + after.bands.length > 0) return false
  if (before.palette !== after.palette || widthOf(before, view) !== widthOf(after, view)) return false
  // With that few points each has a dot, and more of them may have none.
  const fewest = view.width / (DOT_ROOM * after.scale)
  return after.lines.every((line, at) => {
    const old = before.lines[at]!
    if (line === old) return true
    if (line.runId !== old.runId || old.raw.x.length <= fewest) return false
    if (line.smooth === null || old.smooth === null) return line.smooth === old.smooth && startsWith(line.raw, old.raw)
    return startsWith(line.raw, old.raw) && startsWith(line.smooth, old.smooth)
  })
}

function startsWith({ x, at }: Track, start: Track): boolean {
  const n = start.x.length
  if (n > x.length) return false
  for (let i = 0; i < n; i++) {
    if (x[i] !== start.x[i]) return false
    const [place, before] = [at[i]!, start.at[i]!]
    if (place !== before && (place === place || before === before)) return false
  }
  return true
}

/** The new ends of lines, in front of what is there. */
export function paintAppended(before: LineScene, after: LineScene, view: View, context: Context): void {
  const changed = after.lines.filter((line, at) => line !== before.lines[at])
  const old = new Map(before.lines.map((line) => [line.runId, line]))
  context.lineWidth = widthOf(after, view)
  for (const { track, run, alpha } of strokesOf({ ...after, lines: changed })) {
    const tracks = old.get(run)!
    const from = (track === changed.find(({ runId }) => runId === run)?.smooth ? tracks.smooth! : tracks.raw).x.length
    context.globalAlpha = alpha
    context.strokeStyle = after.colorOf(run)
    context.beginPath()
    traceTrack(context, track, view, from - 1)
    context.stroke()
  }
  context.globalAlpha = 1
  context.fillStyle = after.markColor
  paintMarks(context, changed, view, MARK * after.scale)
}
