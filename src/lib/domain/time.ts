/** Epoch milliseconds, as MLflow keeps every time. */
export type EpochMs = number

/** The clock of the host, handed in so that tests own time. */
export type Clock = () => EpochMs

export const systemClock: Clock = () => Date.now()
