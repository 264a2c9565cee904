export type LifecycleStage = 'active' | 'deleted'

/** Which lifecycle stages a search looks at. */
export type ViewType = 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL'

export const VIEW_TYPES = ['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL'] as const satisfies readonly ViewType[]
