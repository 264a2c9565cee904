import { get, post, raw, remove, scenario } from '../request.ts'

const v3 = '/api/3.0/mlflow'

/** What MLflow does and Runnel does not: how clients that ask for it are told. */
export const outOfScope = scenario(
  'out of scope',
  post('traces, start', `${v3}/traces`, { trace: {} }),
  get('traces, get', `${v3}/traces/tr-1`),
  post('traces, search', `${v3}/traces/search`, { locations: [] }),
  post('traces, search (2.0)', 'traces', {}),
  get('traces, list (2.0)', 'traces', { experiment_ids: '0' }),
  post('traces, delete', `${v3}/traces/delete-traces`, { experiment_id: '0' }),
  post('traces, OTLP', '/v1/traces', {}),
  post('assessments', `${v3}/traces/tr-1/assessments`, {}),
  post('evaluation datasets, create', `${v3}/datasets/create`, { name: 'x' }),
  post('evaluation datasets, search', `${v3}/datasets/search`, {}),
  get('scorers, list', `${v3}/scorers/list`, { experiment_id: '0' }),
  post('scorers, register', `${v3}/scorers/register`, {}),
  post('issues, search', `${v3}/issues/search`, {}),
  get('gateway, endpoints', `${v3}/gateway/endpoints/list`),
  get('gateway, secrets', `${v3}/gateway/secrets/list`),
  get('gateway, proxy', '/ajax-api/2.0/mlflow/gateway-proxy'),
  post('prompt optimisation', `${v3}/prompt-optimization/jobs`, {}),
  post('prompt lab', '/ajax-api/2.0/mlflow/runs/create-promptlab-run', {}),
  get('webhooks, list', 'webhooks'),
  post('webhooks, create', 'webhooks', { name: 'x' }),
  remove('webhooks, delete', 'webhooks/w-1', undefined),
  get('workspaces, list', `${v3}/workspaces`),
  raw('workspaces, in a header', 'GET', 'experiments/get?experiment_id=0', {
    headers: { 'X-MLFLOW-WORKSPACE': 'other' }
  }),
  get('label schemas, list', `${v3}/label-schemas/list`),
  get('review queues, list', `${v3}/review-queues/list`),
  post('GraphQL', '/graphql', { query: '{ test }' }),
  get('jobs', '/ajax-api/3.0/jobs/j-1'),
  get('MCP servers', `${v3}/mcp-servers`),
  get('trace artifact', '/ajax-api/2.0/mlflow/get-trace-artifact', { request_id: 'tr-1' }),
  get('telemetry of the pages', '/ajax-api/3.0/mlflow/ui-telemetry')
)
