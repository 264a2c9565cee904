import type { ExperimentId } from '#lib/domain/ids.ts'
import type { Commands } from '#lib/live/protocol.ts'
import type { Toasts } from '../shared/toasts.svelte.ts'

/** Move an experiment to the trash, and offer to take that back. */
export async function trashExperiment(
  commands: Commands,
  toasts: Toasts,
  experiment: { readonly experimentId: ExperimentId; readonly name: string }
): Promise<void> {
  try {
    await commands.deleteExperiment(experiment.experimentId)
    toasts.show({
      message: `Moved “${experiment.name}” to trash.`,
      undo: () => commands.restoreExperiment(experiment.experimentId)
    })
  } catch (error) {
    toasts.fail(`“${experiment.name}” could not be moved to trash.`, error)
  }
}
