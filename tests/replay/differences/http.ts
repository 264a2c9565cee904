import type { Difference } from './difference.ts'
import { error, page } from './fields.ts'

export const httpDifferences: readonly Difference[] = [
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
    id: 'version',
    topic: 'HTTP',
    reason: '/version is the version of what answers, as plain text.',
    requests: ['transport/version'],
    fields: page
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
    status: [null, 405],
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
  }
]
