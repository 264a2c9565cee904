/** node tests/replay/write-compatibility.ts: plays the corpus and writes docs/compatibility.md from what it found. */
import { writeFile } from 'node:fs/promises'
import { compatibilityFile, play } from './play.ts'

const { page, exchanges, verdict } = await play()
for (const { request, mismatch } of verdict.unexplained)
  console.error(`without a reason: ${request}: ${mismatch.field}`)
for (const pattern of verdict.stale) console.error(`listed in vain: ${pattern}`)
await writeFile(compatibilityFile, page)
console.log(`${exchanges.length} requests`)
