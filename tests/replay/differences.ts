/** Every way in which Runnel is known to answer otherwise than MLflow, and why. The replay fails on any other, and on one listed in vain. */

export interface Difference {
  /** Unique, in words for an address: `user-errors-are-4xx`. */
  readonly id: string
  readonly topic: Topic
  /** Why it is so, in a sentence or two for whoever uses it. */
  readonly reason: string
  /** `scenario/request`; `*` stands for anything. Each must occur. */
  readonly requests: readonly string[]
  /** As in Mismatch; `*` stands for anything. Each must occur. */
  readonly fields: readonly string[]
  /** MLflow's status and ours, where they differ. */
  readonly status?: readonly [number, number]
}

export const TOPICS = ['Errors', 'Input', 'Search', 'Artifacts', 'HTTP', 'Out of scope'] as const
export type Topic = (typeof TOPICS)[number]

const plainError = ['status', 'body.error_code', 'body.message', 'body.error_class']
const error = [...plainError, 'body.sqlstate']
/** What was an HTML page of its web framework is an error body. */
const page = ['content-type', 'body']

export const differences: readonly Difference[] = [
  // ── errors ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
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
  },
  // ── input ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
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
  },
  // ── search ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    id: 'larger-grammar',
    topic: 'Search',
    reason:
      'Filters also take OR, parentheses, IN and NOT IN for every text, and IS NULL for every tag, in capitals or not.',
    status: [400, 200],
    requests: [
      'search experiments/filter "(name = \'find me 1\')"',
      'search experiments/filter "experiment_id in (\'{{exp1}}\')"',
      'search experiments/filter "name *like \'find me%\'"',
      "search experiments/filter \"name = 'a' OR name = 'b'\"",
      'search experiments/filter "name IN (\'find me 1\')"',
      'search experiments/filter "tags.team IN (\'red\')"',
      "search logged models/filter \"name = 'one' OR name = 'two'\"",
      'search logged models/filter "tags.team IS NULL"',
      "search registry/*, filter \"name = 'fa' OR name = 'fb'\"",
      'search runs/filter "(metrics.a > 1)"',
      'search runs/filter "metrics.a > 1 AND (metrics.b < 2)"',
      'search runs/filter "metrics.a > 1 OR metrics.b < 2"',
      'search runs/filter "params.lr IN (\'0.1\')"',
      'search runs/filter "params.lr NOT IN (\'0.1\')"',
      'search runs/filter "status IN (\'FINISHED\')"',
      'search runs/filter "tags.team IN (\'red\')"'
    ],
    fields: [...error, 'body.*']
  },
  {
    id: 'larger-grammar-mended',
    topic: 'Search',
    reason: 'What the grammar has and MLflow fails on inside is answered.',
    status: [500, 200],
    requests: [
      'search logged models/filter "attributes.creation_timestamp > 0"',
      'search registry/models, filter "tags.team IS NULL"'
    ],
    fields: ['status', 'content-type', 'body*']
  },
  {
    id: 'larger-grammar-named',
    topic: 'Search',
    reason: 'Messages that list the comparators list these too.',
    requests: ['search runs/filter "params.lr > \'0\'"', 'search runs/filter "params.lr NOT LIKE \'0.%\'"'],
    fields: ['body.message']
  },
  {
    id: 'logged-model-quotes',
    topic: 'Search',
    reason:
      'Double quotes mean in a filter for logged models what they mean in every other, and a dataset without a digest means one of that name. MLflow reads the quotes as part of the text, and finds nothing for either.',
    requests: ['search logged models/filter "name = \\"one\\""', 'search logged models/of a dataset without digest'],
    fields: ['body.models']
  },
  {
    id: 'filter-slips',
    topic: 'Search',
    reason:
      'A metric without a name and two texts without a comma between them are slips, and refused. MLflow reads them as nothing and as one text.',
    status: [200, 400],
    requests: ['search runs/filter "metrics. = 1"', "search runs/filter \"run_id IN ('a1' 'b2')\""],
    fields: error
  },
  {
    id: 'filter-words',
    topic: 'Search',
    reason:
      'A filter that cannot be read is refused with the same code. The words name what stands in the way as this parser sees it.',
    requests: [
      'search logged models/filter "  "',
      'search registry/versions, filter "version = \'1\'"',
      'search runs/filter "metrics.`a = 1"',
      'search runs/filter "metrics.a = 1 -- comment"',
      'search runs/filter "metrics.a > 0x1"',
      'search runs/filter "metrics.a > 1 /* comment */"',
      'search runs/filter "metrics.val/loss < 0"',
      'search runs/filter "params.lr = \'0.1"'
    ],
    fields: ['body.message']
  },
  // ── artifacts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    id: 'media-types',
    topic: 'Artifacts',
    reason:
      'Files are served as what they are (JSON, CSV, Markdown), text with its charset. MLflow serves most text as text/plain without one, which browsers read as Latin-1.',
    requests: [
      'artifacts/get a *',
      'artifacts/get CSV',
      'artifacts/get HTML',
      'artifacts/get JSON',
      'artifacts/get nothing in it',
      'artifacts/get what was uploaded',
      'artifacts/get-artifact *',
      'artifacts/model file',
      'artifacts/version file'
    ],
    fields: ['content-type']
  },
  {
    id: 'file-names',
    topic: 'Artifacts',
    reason:
      'Names of downloads that are not plain words carry their exact form in filename*, and the simple form beside it is always safe to parse.',
    requests: [
      'artifacts/get a name with a percent',
      'artifacts/get a name with a space',
      'artifacts/get* a unicode name'
    ],
    fields: ['content-disposition']
  },
  {
    id: 'proxy-errors',
    topic: 'Artifacts',
    reason:
      'Errors of the artifact proxy have the same body as all others. MLflow answers these two with a bare detail.',
    requests: ['artifacts/get a folder', 'artifacts/put at a folder'],
    fields: ['body.detail', 'body.error_code', 'body.message', 'body.sqlstate', 'body.error_class']
  },
  {
    id: 'tidied-paths',
    topic: 'Artifacts',
    reason:
      'A .. in the path of a URL is resolved before it is read, as browsers do, and then leads to an address that is not there. Nothing outside the artifact root is reached either way.',
    status: [400, 404],
    requests: [
      'artifacts/* out: ../x',
      'artifacts/* out: a/../../x',
      'artifacts/* out: %2e%2e/x',
      'artifacts/* out: a/%2e%2e/%2e%2e/x'
    ],
    fields: plainError
  },
  {
    id: 'control-characters',
    topic: 'Artifacts',
    reason: 'A NUL in an artifact path is refused. MLflow keeps it as the letters %00.',
    requests: ['artifacts/get out: a%00b', 'artifacts/put out: a%00b'],
    fields: [...plainError, 'content-type', 'body']
  },
  {
    id: 'multipart-uploads',
    topic: 'Artifacts',
    reason: 'Uploads in parts work. MLflow has them only over cloud storage.',
    requests: ['artifacts/multipart *'],
    fields: [...error, 'body.upload_id', 'body.credentials']
  },
  {
    id: 'presigned',
    topic: 'Artifacts',
    reason: 'There are no presigned addresses: artifacts go through the host. server-info says so beforehand.',
    status: [400, 501],
    requests: ['artifacts/presigned upload*', 'artifacts/presigned download of a run'],
    fields: error
  },
  // ── HTTP ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    id: 'server-info',
    topic: 'HTTP',
    reason: 'server-info says that there are no presigned uploads and no gateway.',
    requests: ['transport/server info*'],
    fields: [
      'body.presigned_upload_run_id_supported',
      'body.presigned_upload_model_id_supported',
      'body.features_enabled.gateway'
    ]
  },
  {
    id: 'media-type-case',
    topic: 'HTTP',
    reason: 'The content type of a request may be written in capitals, as HTTP has it.',
    requests: ['transport/content type in capitals'],
    fields: ['body.message']
  },
  {
    id: 'get-without-body',
    topic: 'HTTP',
    reason:
      'Parameters of a GET stand in its query. MLflow also reads a body, which browsers cannot send and its clients do not.',
    status: [200, 400],
    requests: ['transport/GET with a JSON body'],
    fields: [...error, 'body.experiment']
  },
  {
    id: 'head',
    topic: 'HTTP',
    reason: 'HEAD answers as GET does, without the body. MLflow does not read its parameters.',
    status: [400, 200],
    requests: ['transport/HEAD'],
    fields: ['status']
  },
  {
    id: 'options',
    topic: 'HTTP',
    reason:
      'OPTIONS is answered to the origins that may call, and is otherwise no method of the API; Allow does not list it.',
    requests: ['transport/OPTIONS', 'transport/health, by POST', 'transport/* where * belongs', 'search *by *'],
    fields: ['status', 'allow', ...page]
  },
  {
    id: 'two-slashes',
    topic: 'HTTP',
    reason: 'A path with two slashes in a row is not found. MLflow redirects to the path with one.',
    status: [308, 404],
    requests: ['transport/two slashes'],
    fields: ['status', 'location', ...page]
  },
  {
    id: 'gate',
    topic: 'HTTP',
    reason:
      'Requests of other sites and for other hosts are refused alike, with the headers that every answer carries.',
    requests: ['transport/an unknown host', 'transport/another site'],
    fields: ['content-type', 'x-content-type-options']
  },
  {
    id: 'strict-json',
    topic: 'HTTP',
    reason:
      'NaN in a bulk history is the text "NaN", as in every other answer. MLflow writes it bare there, which is no JSON.',
    requests: ['histories/bulk, odd values'],
    fields: ['body.metrics[].value']
  },
  // ── out of scope ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    id: 'out-of-scope',
    topic: 'Out of scope',
    reason:
      "What Runnel does not do answers 501 NOT_IMPLEMENTED and says what it is, which MLflow's clients do not retry.",
    requests: [
      'out of scope/GraphQL',
      'out of scope/MCP servers',
      'out of scope/assessments',
      'out of scope/evaluation datasets, *',
      'out of scope/gateway, *',
      'out of scope/issues, search',
      'out of scope/label schemas, list',
      'out of scope/prompt *',
      'out of scope/review queues, list',
      'out of scope/scorers, *',
      'out of scope/trace artifact',
      'out of scope/traces, *',
      'out of scope/webhooks, *',
      'out of scope/workspaces, list'
    ],
    fields: ['status', 'content-type', 'body*']
  },
  {
    id: 'ui-only',
    topic: 'Out of scope',
    reason: "Addresses that only MLflow's own pages use are not there: 404 ENDPOINT_NOT_FOUND.",
    requests: ['out of scope/jobs', 'out of scope/telemetry of the pages'],
    fields: ['status', 'body.*']
  },
  {
    id: 'one-workspace',
    topic: 'Out of scope',
    reason:
      'There is one workspace, and a header that asks for another is not looked at. MLflow, unless it was started with workspaces, answers 500.',
    status: [500, 200],
    requests: ['out of scope/workspaces, in a header'],
    fields: ['status', 'x-content-type-options', 'body.*']
  }
]
