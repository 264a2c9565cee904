/** A key and a text that may change; later writes win. */
export interface Tag {
  readonly key: string
  readonly value: string
}

/** The tags MLflow gives a meaning to, and which Runnel reads or writes. */
export const TAGS = {
  runName: 'mlflow.runName',
  user: 'mlflow.user',
  sourceName: 'mlflow.source.name',
  sourceType: 'mlflow.source.type',
  gitCommit: 'mlflow.source.git.commit',
  parentRunId: 'mlflow.parentRunId',
  note: 'mlflow.note.content',
  dataContext: 'mlflow.data.context',
  modelHistory: 'mlflow.log-model.history',
  loggedImages: 'mlflow.loggedImages'
} as const

/** Tags the field reserves are shown by their meaning, not among the user's own. */
export const isSystemTag = (key: string): boolean => key.startsWith('mlflow.')
