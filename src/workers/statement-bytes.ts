import type { SqlValue, Statement } from '#lib/store/engine.ts'

/** A few bytes of bookkeeping per value, as structured clone adds them. */
const VALUE_OVERHEAD = 4

/** About how many bytes a commit takes in the log: for deciding when to checkpoint, so near enough is enough. */
export function statementsBytes(statements: readonly Statement[]): number {
  let bytes = 0
  for (const statement of statements) {
    if ('insert' in statement) {
      for (const vector of statement.insert.vectors) bytes += vector.byteLength
      for (const value of statement.insert.fixed) bytes += valueBytes(value)
    } else {
      bytes += statement.sql.length
      for (const value of statement.params) bytes += valueBytes(value)
    }
  }
  return bytes
}

function valueBytes(value: SqlValue): number {
  if (typeof value === 'string') return value.length + VALUE_OVERHEAD
  if (value instanceof Uint8Array) return value.byteLength + VALUE_OVERHEAD
  return 8 + VALUE_OVERHEAD
}
