import type { Difference } from './difference.ts'

export const scopeDifferences: readonly Difference[] = [
  {
    id: 'out-of-scope',
    topic: 'Out of scope',
    reason:
      "What Runnel does not do answers 501 NOT_IMPLEMENTED and says what it is, which MLflow's clients do not retry.",
    status: [null, 501],
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
    status: [null, 404],
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
