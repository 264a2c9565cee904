/**
 * Links that MLflow's clients print: its own pages live behind a hash (`/#/experiments/0/runs/<id>`), ours do not.
 */
const RUN = /^#\/experiments\/\d+\/runs\/([\w-]+)/
const EXPERIMENT = /^#\/experiments\/(\d+)/

/** The page of ours that an address' hash means, as a path; null when it means none. */
export function pageOfHash(hash: string): string | null {
  const run = RUN.exec(hash)?.[1]
  if (run !== undefined) return `/runs/${run}`
  const experiment = EXPERIMENT.exec(hash)?.[1]
  return experiment === undefined ? null : `/experiments/${experiment}`
}

/** Put the address right before the router reads it, and follow such a link that is pasted over the address of an open page. */
export function followMlflowLinks(): void {
  const page = pageOfHash(location.hash)
  if (page !== null) history.replaceState(history.state, '', page)
  addEventListener('hashchange', () => {
    const next = pageOfHash(location.hash)
    if (next !== null) location.replace(next)
  })
}
