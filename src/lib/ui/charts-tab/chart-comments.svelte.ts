import type { CommentPoint, PointComment } from '#lib/domain/comment.ts'
import type { ExperimentId, RunId } from '#lib/domain/ids.ts'
import type { PlacedMark } from '#lib/charts/placed-mark.ts'
import type { Live, LiveQuery } from '#lib/live/live.svelte.ts'
import { authorName, commentsByStep, pointName } from '../comments/comment-words.ts'
import { stepNear, type ChartPlace } from '../comments/step-near.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'

export interface ChartCommentsInputs {
  readonly live: Live
  readonly toasts: Toasts
  readonly experimentId: ExperimentId
  /** Why nothing can be said; null where it can. */
  readonly locked: () => string | null
}

/** What people say of points of an experiment's charts. */
export class ChartComments {
  readonly #inputs: ChartCommentsInputs
  readonly #all: LiveQuery<{ kind: 'point-comments'; experimentId: ExperimentId }>
  /** What is about to be said, and of which run unless another is chosen. */
  writing = $state.raw<{ readonly runId: RunId; readonly point: CommentPoint; readonly isMarked: boolean } | null>(null)
  /** Where somebody reads what was said. */
  reading = $state.raw<CommentPoint | null>(null)

  constructor(inputs: ChartCommentsInputs) {
    this.#inputs = inputs
    const { live, experimentId } = inputs
    this.#all = live.query(() => ({ kind: 'point-comments', experimentId }))
  }

  get mayWrite(): boolean {
    return this.#inputs.locked() === null
  }

  /** What was said of a point of these runs, the oldest first. */
  at({ key, step }: CommentPoint, names: Readonly<Record<string, string>>): readonly PointComment[] {
    return this.#of(names).filter(({ point }) => point.key === key && point.step === step)
  }

  /** Where something was said of a metric of these runs, along steps. */
  marksOf(key: string, names: Readonly<Record<string, string>>): readonly PlacedMark[] {
    return commentsByStep(this.#of(names), key).map(({ step, comments }) => ({
      x: step,
      count: comments.length,
      text: `Step ${step}: ${comments.map((one) => `${authorName(one)} on ${names[one.runId]}: ${one.text}`).join(' · ')}`
    }))
  }

  #of(names: Readonly<Record<string, string>>): readonly PointComment[] {
    return (this.#all.current ?? []).filter(({ runId }) => Object.hasOwn(names, runId))
  }

  /** What was said of a place that is not marked where it was said. */
  tellUnmarked({ key, step }: CommentPoint): void {
    this.#inputs.toasts.show({ message: `Commented on ${pointName({ key, step })}. It is marked on charts by step.` })
  }

  /** Begin to say something of a place. */
  async write(place: ChartPlace): Promise<void> {
    const { runId, key } = place
    try {
      const step = await stepNear(this.#inputs.live, place)
      if (step !== null) this.writing = { runId, point: { key, step }, isMarked: place.axis === 'step' }
    } catch (error) {
      this.#inputs.toasts.fail('The step of this point could not be found.', error)
    }
  }
}
