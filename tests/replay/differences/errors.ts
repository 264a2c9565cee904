import type { Difference } from './difference.ts'
import { error, page, plainError } from './fields.ts'

export const errorsDifferences: readonly Difference[] = [
  {
    id: 'mistakes-are-400',
    topic: 'Errors',
    reason:
      'A mistake in a request is a 400 in the common error body. MLflow fails on it inside and answers 500, which its own clients retry for minutes.',
    status: [500, 400],
    requests: [
      'artifacts/version file, no version',
      'experiments/update, deleted',
      'model versions/stage, archive with None',
      'model versions/stage, archive with Archived',
      'search logged models/filter "metrics.acc > \'0.5\'"',
      'search logged models/filter "foo = \'x\'"',
      'search logged models/filter "attributes.foo = \'x\'"',
      'search registry/*, order ["name","name"]',
      'search runs/order ["metrics.a","metrics.a*"]'
    ],
    fields: error
  },
  {
    id: 'crashes-are-400',
    topic: 'Errors',
    reason: 'The same, where MLflow fails so early that it answers with an HTML page or a bare text.',
    status: [500, 400],
    requests: [
      'artifacts/put a file where a folder is',
      'artifacts/put a file below a file',
      'batches/a metric that is a text',
      'histories/bulk, max_results no number',
      'metrics/metric, value a list',
      'search logged models/bad token',
      'search registry/models, filter "name IS NULL"',
      'transport/a JSON list',
      'transport/a JSON number',
      'transport/a JSON text that is none'
    ],
    fields: ['status', 'x-content-type-options', ...page]
  },
  {
    id: 'errors-are-json',
    topic: 'Errors',
    reason:
      'Every error is JSON with an error_code and a message. MLflow answers these with an HTML page, of the same status.',
    requests: [
      'artifacts/get-artifact a range past the end',
      'artifacts/get-artifact no path',
      'artifacts/version file, no path',
      'datasets/search-datasets, not under /api',
      'histories/bulk, not under /api',
      'search registry/models, by POST',
      'search runs/by GET',
      'transport/* where * belongs',
      'transport/a list that is no more',
      'transport/a slash at the end',
      'transport/an unknown noun',
      'transport/an unknown path',
      'transport/an unknown prefix',
      'transport/another version of the API',
      'transport/capitals in the path',
      'transport/health, by POST'
    ],
    fields: page
  },
  {
    id: 'one-class-for-a-code',
    topic: 'Errors',
    reason: 'The error class and SQLSTATE follow from the code alone. In two places MLflow gives a finer class.',
    requests: ['search logged models/order [{"field_name":"foo"}]', 'search logged models/order [{}]'],
    fields: ['body.error_class', 'body.sqlstate']
  },
  {
    id: 'missing-key',
    topic: 'Errors',
    reason: 'A tag without a key is said to lack one. MLflow takes the key for an empty path.',
    requests: ['experiments/create, tag without key', 'registered models/create, tag without key'],
    fields: ['body.message']
  },
  {
    id: 'tag-twice',
    topic: 'Errors',
    reason:
      'A tag that is given twice to a new experiment is a BAD_REQUEST that names it. MLflow says that the experiment exists already.',
    requests: ['experiments/create, a tag twice'],
    fields: ['body.error_code', 'body.error_class']
  },
  {
    id: 'no-environment-variables',
    topic: 'Errors',
    reason:
      "Messages leave out MLflow's advice to set environment variables of its server, which Runnel does not read.",
    requests: [
      'experiments/create, artifact_location of 2049 characters',
      'model versions/create, http source',
      'model versions/create, source with .. encoded',
      'model versions/create, source with .. in its query'
    ],
    fields: ['body.message']
  },
  {
    id: 'missing-run-is-said',
    topic: 'Errors',
    reason: 'A download without a run id is told what is missing. MLflow looks for a run called None.',
    status: [404, 400],
    requests: ['artifacts/get-artifact no run'],
    fields: plainError
  },
  {
    id: 'limit-is-said',
    topic: 'Errors',
    reason: 'A max_results out of bounds is answered with the bounds. MLflow speaks of the type, or in other words.',
    requests: [
      'search registry/models, max_results 1001',
      'search registry/versions, max_results 0',
      'search registry/versions, max_results 200001',
      'search runs/max_results 50001'
    ],
    fields: ['body.message']
  }
]
