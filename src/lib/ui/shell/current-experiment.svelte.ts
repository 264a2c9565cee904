import { page } from '$app/state'
import { isRunId } from '#lib/domain/ids.ts'
import type { Live } from '#lib/live/live.svelte.ts'

/**
 * The experiment on screen, also while one of its runs is; null on other pages. A run's experiment is asked for once, not watched: the
 * run's page already watches it, point by point. Call it while a component is set up.
 */
export function createCurrentExperiment(live: Live): { readonly id: string | null } {
  let ofRun = $state<{ readonly runId: string; readonly experimentId: string } | null>(null)
  const place = $derived(page.route.id?.match(/\/(experiments|runs)\//)?.[1] ?? null)
  const id = $derived(page.params['id'] ?? null)

  $effect(() => {
    const runId = id
    if (place !== 'runs' || runId === null || !isRunId(runId)) return
    const watch = live.client.watch(
      { kind: 'run', runId },
      {
        onAnswer: (detail) => {
          if (detail) ofRun = { runId, experimentId: detail.experiment.experimentId }
          watch.stop()
        },
        onRefused: () => watch.stop()
      }
    )
    return () => watch.stop()
  })

  return {
    get id() {
      return place === 'experiments' ? id : place === 'runs' && ofRun?.runId === id ? ofRun.experimentId : null
    }
  }
}
