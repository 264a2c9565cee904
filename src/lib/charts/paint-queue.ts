/**
 * Who paints when: the pictures of a page, drawn a bit per frame, so that no task is long however much there is to draw.
 *
 * A frame begins with charts that were told of something new: each once, however often it was told, and no more of them than fit. What
 * somebody waits for is not kept until then: as much of it as fits in a frame is done at once, and the next frame shows it.
 *
 * A canvas only notes what is drawn and puts it on pixels when the frame ends, where no clock of ours looks. So a turn is measured in
 * points, and how many fit in one is learned from how long frames take.
 */

/** Something to paint, bit by bit. */
export interface Painting {
  /** Paint about so many points. Returns whether it is done. */
  step(points: number): boolean
}

/** Charts that were told of something new take this long of a frame, and the last one what it takes; the same before it. */
const UPDATES_MS = 16
const FIRST_POINTS = 12_000
const LEAST_POINTS = 4_000
const MOST_POINTS = 200_000
/** A frame longer than this had too much in it, one shorter had room. */
const LONG_FRAME_MS = 30
const SHORT_FRAME_MS = 20

export class PaintQueue {
  readonly #updates = new Map<object, () => void>()
  readonly #waiting = new Map<object, Painting>()
  #points = FIRST_POINTS
  #frame = 0
  #lastFrame = 0
  /** What updates took since the last frame, ms. */
  #spent = 0
  #drawn: PromiseWithResolvers<void> | null = null

  /** Paint this for `owner`, in place of what the owner still had to paint. */
  add(owner: object, painting: Painting): void {
    this.#waiting.delete(owner)
    this.#waiting.set(owner, painting)
    this.#ask()
  }

  /** Do this for `owner` in the next frame that has room, in place of what it still had to do; `remove` forgets it. */
  soon(owner: object, update: () => void): void {
    this.#updates.set(owner, update)
    this.#ask()
  }

  /** Do this for `owner` at once where there is room before the next frame; else `soon`. */
  now(owner: object, update: () => void): void {
    if (this.#spent > UPDATES_MS) return this.soon(owner, update)
    this.#updates.delete(owner)
    this.#spend(update)
    // The frame that shows it is where the next one's room begins.
    this.#ask()
  }

  /** Resolves once a chart was drawn that was told of something new. */
  get drawn(): Promise<void> {
    return (this.#drawn ??= Promise.withResolvers()).promise
  }

  remove(owner: object): void {
    this.#waiting.delete(owner)
    this.#updates.delete(owner)
  }

  #ask(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame((now) => this.#turn(now))
  }

  #turn(now: number): void {
    this.#learn(now - this.#lastFrame)
    this.#lastFrame = now
    this.#frame = 0
    this.#spent = 0
    this.#update()
    this.#paint()
    if (this.#waiting.size === 0) this.#lastFrame = 0
    if (this.#waiting.size + this.#updates.size > 0) this.#ask()
  }

  #update(): void {
    for (const [owner, update] of this.#updates) {
      this.#updates.delete(owner)
      this.#spend(update)
      if (this.#spent > UPDATES_MS) break
    }
    this.#spent = 0
  }

  #spend(update: () => void): void {
    const began = performance.now()
    update()
    this.#spent += performance.now() - began
    this.#drawn?.resolve()
    this.#drawn = null
  }

  #paint(): void {
    let left = this.#points
    for (const [owner, painting] of this.#waiting) {
      const share = Math.ceil(left / 2)
      // The first in line has most of the turn; a small picture behind it need not wait for a large one.
      if (painting.step(this.#waiting.size === 1 ? left : share)) this.#waiting.delete(owner)
      left -= share
      if (left < LEAST_POINTS / 4) break
    }
  }

  #learn(frameMs: number): void {
    // The first frame after a rest says nothing.
    if (this.#lastFrame === 0) return
    if (frameMs > LONG_FRAME_MS) this.#points = Math.max(LEAST_POINTS, this.#points * 0.6)
    else if (frameMs < SHORT_FRAME_MS) this.#points = Math.min(MOST_POINTS, this.#points * 1.1)
  }
}
