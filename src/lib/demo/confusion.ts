/** How often each class was taken for each other one. */
export interface Confusion {
  readonly classes: readonly string[]
  /** `counts[truth][predicted]`. */
  readonly counts: readonly (readonly number[])[]
}

export function countConfusion(truth: Uint8Array, predicted: Uint8Array, classes: readonly string[]): Confusion {
  const counts = classes.map(() => classes.map(() => 0))
  truth.forEach((label, at) => counts[label]![predicted[at]!]!++)
  return { classes, counts }
}

/** One row per true class, one column per predicted class. */
export function confusionToCsv({ classes, counts }: Confusion): string {
  const lines = [['true \\ predicted', ...classes], ...counts.map((row, label) => [classes[label]!, ...row])]
  return lines.map((line) => line.join(',')).join('\n') + '\n'
}

export const confusionToJson = ({ classes, counts }: Confusion): string =>
  JSON.stringify({ rows: 'true class', columns: 'predicted class', classes, counts }, null, 2) + '\n'
