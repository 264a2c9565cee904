import type { OpenRun, RunLogger } from '#lib/demo/run-logger.ts'
import type { DemoGround } from '#lib/demo/demo.svelte.ts'
import type { Live } from '#lib/live/live.svelte.ts'
import type { ExperimentSummary } from '#lib/domain/experiment.ts'
import type { ExperimentId } from '#lib/domain/ids.ts'
import { TAGS } from '#lib/domain/tag.ts'
import * as runnel from '../../../sdk/runnel.ts'

const NAME = 'iris demo'
const NOTE =
  'Which learning rate learns fastest? One model (multinomial logistic regression), trained three times on Fisher’s iris measurements.'

/** The experiment the demo logs into, and the notebook SDK as its logger, over a port that this page hands to the store. */
export async function openDemoGround(live: Live): Promise<DemoGround> {
  const experimentId = await findOrCreateExperiment(live)
  return { experimentId, logger: await connectLogger(live) }
}

async function findOrCreateExperiment(live: Live): Promise<ExperimentId> {
  const all = await listExperiments(live)
  // One in the trash keeps its name, so the next free one is taken.
  for (let number = 1; ; number++) {
    const name = number === 1 ? NAME : `${NAME} ${number}`
    const holder = all.find((experiment) => experiment.name === name)
    if (holder?.lifecycleStage === 'active') return holder.experimentId
    if (holder) continue
    const id = await live.commands.createExperiment(name)
    await live.commands.setExperimentTag(id, TAGS.note, NOTE)
    return id
  }
}

function listExperiments(live: Live): Promise<readonly ExperimentSummary[]> {
  return new Promise((resolve, reject) => {
    const watch = live.client.watch(
      { kind: 'experiments', view: 'ALL' },
      {
        onAnswer: (experiments) => {
          watch.stop()
          resolve(experiments)
        },
        onRefused: ({ message }) => {
          watch.stop()
          reject(new Error(message))
        }
      }
    )
  })
}

async function connectLogger(live: Live): Promise<RunLogger> {
  await runnel.connect({ port: () => live.openNotebookPort('Demo') })
  return {
    async startRun({ experimentId, name, params, tags, dataset }) {
      const run = await runnel.startRun({ experimentId, runName: name, tags })
      const { context, ...description } = dataset
      await Promise.all([run.logParams(params), run.logInput(description, { context })])
      return openRun(run)
    },
    close: () => runnel.disconnect()
  }
}

function openRun(run: runnel.Run): OpenRun {
  let failure: Error | null = null
  return {
    // Points travel in batches: waiting for each to be durable would hold the trainer back by a batch per epoch.
    async logMetrics(values, step) {
      if (failure !== null) throw failure
      run.logMetrics(values, { step }).catch((error: Error) => (failure ??= error))
    },
    logArtifact: (path, content) => run.logArtifact(path, content),
    end: (status) => run.end(status)
  }
}
