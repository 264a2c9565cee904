import type { ModelId, RunId } from '#lib/domain/ids.ts'

/**
 * Where a host answers with an artifact of a run, or of one of its logged models: path and query of its origin. `space=host` takes the
 * request past the service worker, which may answer the same paths from this browser's store.
 */
export function artifactAddress(runId: RunId, path: string, modelId?: ModelId): string {
  const [route, query] =
    modelId === undefined
      ? ['/get-artifact', { run_id: runId, path }]
      : [`/ajax-api/2.0/mlflow/logged-models/${modelId}/artifacts/files`, { artifact_file_path: path }]
  return `${route}?${new URLSearchParams({ ...query, space: 'host' })}`
}
