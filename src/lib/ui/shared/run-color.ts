/** How many run colours there are: `--run-1` … `--run-10` in tokens.css. */
export const RUN_COLORS = 10

/**
 * The colour a run has everywhere: in tables, lists and charts.
 *
 * number   the run's place among those of its experiment, from 1: runs made one after another never share a colour, ten in a row
 * returns  1 … 10, the N of `--run-N`
 */
export const runColorIndex = (number: number): number => ((Math.max(1, Math.floor(number)) - 1) % RUN_COLORS) + 1

/** The colour as a CSS value. */
export const runColor = (number: number): string => `var(--run-${runColorIndex(number)})`
