/**
 * Pattern matching as SQLite has to be asked for it: the part of a search that engines spell differently.
 *
 * SQLite's own LIKE ignores the case of ASCII letters unless a global pragma says otherwise, which no statement can rely on; GLOB never
 * does. Postgres would say `column like $1 escape ''` and, for ILIKE, the same over `lower(column collate "C")`, which folds ASCII alone as
 * SQLite's lower() does. There, texts are to be ordered by `collate "C"` as well.
 */
import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely'
import { lowerAscii } from '#lib/domain/search/text.ts'

export const like = (text: Expression<string | null>, pattern: string): RawBuilder<SqlBool> =>
  sql<SqlBool>`${text} glob ${likeToGlob(pattern)}`

export const ilike = (text: Expression<string | null>, pattern: string): RawBuilder<SqlBool> =>
  sql<SqlBool>`lower(${text}) glob ${likeToGlob(lowerAscii(pattern))}`

/** `%` and `_` become `*` and `?`; GLOB's own signs stand for themselves inside brackets. */
function likeToGlob(pattern: string): string {
  return pattern.replace(/[*?[]/g, '[$&]').replace(/%/g, '*').replace(/_/g, '?')
}
