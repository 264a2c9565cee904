import type { CommentPoint, RunComment } from '#lib/domain/comment.ts'
import { formatCount } from '../shared/format.ts'
import { NAMELESS } from '../sharing/people.ts'

/** `loss, step 1,200`. */
export const pointName = ({ key, step }: CommentPoint): string => `${key}, step ${formatCount(step)}`

export const authorName = ({ author }: RunComment): string => author.trim() || NAMELESS

/** Who wrote it is their own word, and so is whose it is to change: nobody else's is offered. */
export const isOwn = ({ author }: RunComment, personName: string): boolean => author.trim() === personName.trim()

/** Comments of one chart, by step, the lowest first. */
export function commentsByStep<Of extends RunComment>(
  comments: readonly Of[],
  key: string
): { step: number; comments: Of[] }[] {
  const bySteps = new Map<number, Of[]>()
  for (const comment of comments) {
    if (comment.point?.key !== key) continue
    const known = bySteps.get(comment.point.step)
    if (known) known.push(comment)
    else bySteps.set(comment.point.step, [comment])
  }
  return [...bySteps].map(([step, those]) => ({ step, comments: those })).sort((a, b) => a.step - b.step)
}
