import type { Difference } from './difference.ts'
import { error } from './fields.ts'

export const inputDifferences: readonly Difference[] = [
  {
    id: 'nothing-dropped',
    topic: 'Input',
    reason:
      'A value of the wrong type, or an item without its key, is a 400 that names the field. Where MLflow has no check for the field it leaves the value out and answers 200, so that something else is kept than was sent.',
    status: [200, 400],
    requests: [
      'batches/metric value no number',
      'batches/param value a number',
      'datasets/inputs, no dataset in it',
      'datasets/inputs, no name',
      'histories/history, max_results no number',
      'logged models/finalize, status of an unknown name',
      'logged models/inputs, no id',
      'logged models/set tags, without key',
      'metrics/metric, step with a fraction',
      'metrics/metric, timestamp with a fraction',
      'runs/create, start_time with a fraction',
      'runs/create, tag without key',
      'runs/create, tags not a list',
      'runs/create, user_id a number',
      'search logged models/order [{"field_name":"name","ascending":"false"}]',
      'search runs/experiment ids as numbers',
      'search runs/max_results with a fraction',
      'search runs/view of an unknown number',
      'transport/int as a text in a query'
    ],
    fields: [...error, 'body.*']
  },
  {
    id: 'safe-integers',
    topic: 'Input',
    reason:
      'Integers beyond 2^53 are refused, because a store in a browser would keep them rounded. MLflow drops what does not fit 64 bits and keeps 0.',
    status: [200, 400],
    requests: ['metrics/metric, step beyond int64'],
    fields: error
  },
  {
    id: 'negative-limits',
    topic: 'Input',
    reason:
      'Limits below 1 and offsets below 0 are a 400, as elsewhere in the API. Here MLflow lets the database make something of them.',
    status: [200, 400],
    requests: [
      'search logged models/max_results 0',
      'search logged models/max_results negative',
      'search registry/models, max_results negative',
      'search runs/a token with a negative offset'
    ],
    fields: [...error, 'body.*']
  },
  {
    id: 'bounded-pages',
    topic: 'Input',
    reason:
      'A search for logged models returns at most 50,000 of them at once, like a search for runs. MLflow has no bound here.',
    status: [200, 400],
    requests: ['search logged models/max_results 100000'],
    fields: [...error, 'body.*']
  },
  {
    id: 'bare-numbers',
    topic: 'Input',
    reason:
      "Python's bare NaN and Infinity in a body, and numbers beyond doubles, are read as what they say. MLflow drops them and every field after them, and keeps a 0.",
    requests: ['metrics/the run of bare numbers'],
    fields: ['body.run.data.metrics[].value', 'body.run.data.metrics[].timestamp']
  },
  {
    id: 'tags-cut-at-creation',
    topic: 'Input',
    reason:
      'Tag values beyond 8,000 characters are cut when a run is created too, as MLflow cuts them everywhere else.',
    requests: ['runs/create, tag value of 8001 characters'],
    fields: ['body.run.data.tags[].value']
  },
  {
    id: 'run-uuid-everywhere',
    topic: 'Input',
    reason:
      'run_uuid, the old name of run_id, is taken wherever a run is named. MLflow forgets it when a run is deleted.',
    status: [404, 200],
    requests: ['runs/delete, by run_uuid'],
    fields: error
  },
  {
    id: 'unicode',
    topic: 'Input',
    reason: 'Text that is no well-formed Unicode is refused as such. MLflow drops it and then misses it.',
    requests: ['transport/a lone surrogate'],
    fields: ['body.message']
  }
]
