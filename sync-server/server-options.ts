import type { Given } from './cli/flags.ts'

/** Where a store is. The names and variables are MLflow's, `--data` aside. */
export const storeOptions = {
  data: { value: 'FOLDER', help: 'where the data lies: runnel.db and artifacts/ (default ./runnel-data)' },
  'backend-store-uri': {
    value: 'URI',
    env: 'MLFLOW_BACKEND_STORE_URI',
    help: 'the database instead: sqlite:///relative.db or sqlite:////absolute.db'
  },
  'artifacts-destination': {
    value: 'FOLDER',
    env: 'MLFLOW_ARTIFACTS_DESTINATION',
    help: 'the folder of artifacts instead (default artifacts/ beside the database)'
  },
  'default-artifact-root': {
    value: 'URI',
    env: 'MLFLOW_DEFAULT_ARTIFACT_ROOT',
    help: 'where new experiments keep artifacts: a folder clients write to themselves (default: through the host)'
  }
} as const

/** The flags of `runnel server`. */
export const serverOptions = {
  host: { value: 'NAME', short: 'h', env: 'MLFLOW_HOST', help: 'the address to listen on (default 127.0.0.1)' },
  port: {
    value: 'N',
    short: 'p',
    env: 'MLFLOW_PORT',
    help: 'the port to listen on, 0 for any free one (default 5000)'
  },
  ...storeOptions,
  'serve-artifacts': {
    env: 'MLFLOW_SERVE_ARTIFACTS',
    negatable: true,
    help: 'take and give artifacts for clients (default); --no-serve-artifacts switches it off'
  },
  'artifacts-only': { env: 'MLFLOW_ARTIFACTS_ONLY', help: 'serve artifacts and nothing else' },
  'allowed-hosts': {
    value: 'LIST',
    env: 'MLFLOW_SERVER_ALLOWED_HOSTS',
    help: 'names this host answers to, by comma, * for anything (default: loopback and private addresses)'
  },
  'cors-allowed-origins': {
    value: 'LIST',
    env: 'MLFLOW_SERVER_CORS_ALLOWED_ORIGINS',
    help: 'origins whose pages may log here, by comma, * for anything (default: this machine’s)'
  },
  token: {
    value: 'TEXT',
    help: 'what clients must show, "auto" to make one; or RUNNEL_TOKEN. Needed unless --host is loopback'
  },
  'tls-cert': { value: 'FILE', help: 'speak HTTPS with this certificate (PEM, with its chain)' },
  'tls-key': { value: 'FILE', help: 'the key of --tls-cert (PEM)' },
  'rate-limit': { value: 'N', help: 'requests per second of one client, 0 for no limit (default 5000)' },
  'pages-only': { help: 'serve the pages alone: each browser keeps its own store' }
} as const

export type ServerFlags = Given<typeof serverOptions>
