/**
 * What some work takes of a processor, ms. A machine that others use lets it wait, which says nothing of the work: so a bound on this is one on
 * how the work grows, and holds wherever it runs. Bounds lie far above what is usual and far below what growing faster would take.
 */
export function cpuMs(work: () => void): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}
