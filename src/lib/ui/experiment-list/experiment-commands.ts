import { RunnelError } from '#lib/domain/errors.ts'
import type { ExperimentId } from '#lib/domain/ids.ts'
import type { Commands } from '#lib/live/protocol.ts'
import { quoteName } from '../shared/format.ts'
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
      message: `Moved ${quoteName(experiment.name)} to trash.`,
      undo: () => commands.restoreExperiment(experiment.experimentId)
    })
  } catch (error) {
    toasts.fail(`${quoteName(experiment.name)} could not be moved to trash.`, error)
  }
}

/** Rename it; fails with a sentence for the field it was typed into. */
export async function renameExperiment(commands: Commands, id: ExperimentId, name: string): Promise<void> {
  try {
    await commands.renameExperiment(id, name)
  } catch (error) {
    throw new Error(nameProblem(error), { cause: error })
  }
}

/** Why a name was not taken, in words for a person: MLflow's own are for programs. */
export function nameProblem(error: unknown): string {
  if (error instanceof RunnelError && /already exists/.test(error.message))
    return 'There is an experiment of that name already, here or in the trash.'
  return error instanceof Error ? error.message : String(error)
}
