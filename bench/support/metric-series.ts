/** Series as training logs them, made up from a seed: the kinds that codecs were compared on. */
import { seededRandom } from '#lib/demo/random.ts'
import type { Series } from '#lib/domain/series.ts'

export const METRIC_KINDS = ['loss f32', 'loss f64', 'loss NaN Inf', 'lr', 'acc', 'gpu %', 'mem GB'] as const
export type MetricKind = (typeof METRIC_KINDS)[number]

/** A step each 120 ms or so, and an evaluation of three seconds each thousand steps. */
export function metricSeries(kind: MetricKind, points: number, seed = 7): Series {
  const random = seededRandom(seed)
  const next = VALUES[kind](random, points)
  const [steps, timestamps, values] = [new Float64Array(points), new Float64Array(points), new Float64Array(points)]
  let now = 1_764_363_600_000
  for (let i = 0; i < points; i++) {
    now += Math.round(120 + 8 * normal(random)) + (i % 1000 === 999 ? 3000 : 0)
    steps[i] = i
    timestamps[i] = now
    values[i] = next(i)
  }
  return { steps, timestamps, values }
}

type Random = () => number

const VALUES: Readonly<Record<MetricKind, (random: Random, points: number) => (i: number) => number>> = {
  /** What PyTorch's `loss.item()` gives: a float32. */
  'loss f32': (random, points) => (i) => Math.fround(loss(random, i / points)),
  'loss f64': (random, points) => (i) => loss(random, i / points),
  /** A run that diverges now and then. */
  'loss NaN Inf': (random, points) => (i) => {
    const luck = random()
    if (luck < 0.001) return luck < 0.0005 ? NaN : luck < 0.0008 ? Infinity : -Infinity
    return Math.fround(loss(random, i / points))
  },
  /** Warm-up, then a cosine. */
  lr: (_, points) => (i) => {
    const warm = points / 50
    return i < warm ? (3e-4 * i) / warm : 1.5e-4 * (1 + Math.cos((Math.PI * (i - warm)) / (points - warm)))
  },
  /** Rounded to four places. */
  acc: (random, points) => (i) => {
    const accuracy = 0.92 - 0.8 * Math.exp((-6 * i) / points) + 0.02 * normal(random)
    return Math.round(Math.min(1, Math.max(0, accuracy)) * 1e4) / 1e4
  },
  /** Whole percents. */
  'gpu %': (random) => (i) => Math.round(Math.min(100, Math.max(0, (i % 1000 < 20 ? 35 : 94) + 3 * normal(random)))),
  /** Two places; memory is taken and let go of now and then. */
  'mem GB': (random) => {
    let used = 11.2
    return () => {
      if (random() < 0.02) used = Math.max(2, used + normal(random) * 0.3)
      return Math.round(used * 100) / 100
    }
  }
}

function loss(random: Random, part: number): number {
  return (0.2 + 2.1 * Math.exp(-8 * part)) * Math.exp(0.15 * normal(random))
}

/** Box and Muller's. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
