/** Fields that differ together. */

export const plainError = ['status', 'body.error_code', 'body.message', 'body.error_class']
export const error = [...plainError, 'body.sqlstate']
/** What was an HTML page of MLflow's web framework is an error body. */
export const page = ['content-type', 'body']
