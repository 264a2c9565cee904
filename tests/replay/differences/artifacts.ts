import type { Difference } from './difference.ts'
import { error, plainError } from './fields.ts'

export const artifactsDifferences: readonly Difference[] = [
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
  }
]
