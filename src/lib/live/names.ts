/** Names that pages and the host share inside one origin. */

/** Held by the host, exclusively, for as long as it has the database open: the fence, and the sign of life. */
export const STORE_LOCK = 'runnel:store'
/** Where a starting host asks an older version to make way. */
export const CONTROL_CHANNEL = 'runnel:control'
