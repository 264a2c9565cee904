/**
 * Who paints when: the pictures of a page, drawn a bit per frame, so that no task is long however much there is to draw.
 *
 * A canvas only notes what is drawn and puts it on pixels when the frame ends, where no clock of ours looks. So a turn is measured in
 * points, and how many fit in one is learned from how long frames take.
 */

/** Something to paint, bit by bit. */
export interface Painting {
  /** Paint about so many points. Returns whether it is done. */
  step(points: number): boolean
}

const FIRST_POINTS = 12_000
const LEAST_POINTS = 4_000
const MOST_POINTS = 200_000
/** A frame longer than this had too much in it, one shorter had room. */
const LONG_FRAME_MS = 30
const SHORT_FRAME_MS = 20

export class PaintQueue {
  readonly #waiting = new Map<object, Painting>()
  #points = FIRST_POINTS
  #frame = 0
  #lastFrame = 0

  /** Paint this for `owner`, in place of what the owner still had to paint. */
  add(owner: object, painting: Painting): void {
    this.#waiting.delete(owner)
    this.#waiting.set(owner, painting)
    if (this.#frame === 0) this.#frame = requestAnimationFrame((now) => this.#turn(now))
  }

  remove(owner: object): void {
    this.#waiting.delete(owner)
  }

  #turn(now: number): void {
    this.#learn(now - this.#lastFrame)
    this.#lastFrame = now
    this.#frame = 0
    let left = this.#points
    for (const [owner, painting] of this.#waiting) {
      const share = Math.ceil(left / 2)
      // The first in line has most of the turn; a small picture behind it need not wait for a large one.
      if (painting.step(this.#waiting.size === 1 ? left : share)) this.#waiting.delete(owner)
      left -= share
      if (left < LEAST_POINTS / 4) break
    }
    if (this.#waiting.size > 0) this.#frame = requestAnimationFrame((next) => this.#turn(next))
    else this.#lastFrame = 0
  }

  #learn(frameMs: number): void {
    // The first frame after a rest says nothing.
    if (this.#lastFrame === 0) return
    if (frameMs > LONG_FRAME_MS) this.#points = Math.max(LEAST_POINTS, this.#points * 0.6)
    else if (frameMs < SHORT_FRAME_MS) this.#points = Math.min(MOST_POINTS, this.#points * 1.1)
  }
}
