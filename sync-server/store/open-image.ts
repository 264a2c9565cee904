import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SqlEngine } from '#lib/store/engine.ts'
import { NodeSqliteEngine } from './node-sqlite-engine.ts'

/** A whole database from its bytes: in a folder for temporary files, which goes when it is closed. */
export const openImage = (image: Uint8Array): SqlEngine => {
  const folder = mkdtempSync(join(tmpdir(), 'runnel-database-'))
  const forget = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const file = join(folder, 'copy.db')
    writeFileSync(file, image)
    const engine = new NodeSqliteEngine(file)
    const close = engine.close.bind(engine)
    engine.close = () => {
      close()
      forget()
    }
    return engine
  } catch (error) {
    forget()
    throw error
  }
}
