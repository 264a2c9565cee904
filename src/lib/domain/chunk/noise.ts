/** Which bytes of doubles are noise: deflate takes most of its time on them, and gains nothing. */
import type { ValuePlan } from './values.ts'

/** Fewer points than this are not worth the look. */
const LEAST_POINTS = 256
/** Looked at in runs, as deflate would find what repeats nearby. */
const RUNS = 8
const RUN_POINTS = 512
/** Of the collisions of bytes drawn evenly, how many more may be there: 6 % are 1 % of the length at most. */
const TOLERANCE = 1.06

export interface Noise {
  /** A bit for each plane, bit 0 for the first. */
  readonly mask: number
  readonly planes: number
}

export function noisyPlanes({ floats, kind }: ValuePlan): Noise {
  if (floats === null || kind.as !== 'float' || floats.length < LEAST_POINTS * kind.width) return { mask: 0, planes: 0 }
  let mask = 0
  let planes = 0
  for (let plane = 0; plane < kind.width; plane++) {
    if (!isNoise(floats, plane, kind.width)) continue
    mask |= 1 << plane
    planes++
  }
  return { mask, planes }
}

/** Whether a sample of a plane meets the same byte twice about as often as if all bytes were as likely. */
function isNoise(floats: Uint8Array, plane: number, width: number): boolean {
  const count = floats.length / width
  const seen = new Uint32Array(256)
  let sampled = 0
  let collisions = 0
  const stride = Math.max(RUN_POINTS, Math.floor(count / RUNS))
  for (let from = 0; from < count; from += stride) {
    const to = Math.min(count, from + RUN_POINTS)
    for (let i = from; i < to; i++) collisions += seen[floats[i * width + plane]!]!++
    sampled += to - from
  }
  return collisions * 256 <= ((sampled * (sampled - 1)) / 2) * TOLERANCE
}
