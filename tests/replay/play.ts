/** One whole replay: both servers started, the corpus played, both stopped. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { ensurePython, pythonProgram } from '../../scripts/python.mjs'
import { corpus } from './corpus.ts'
import { differences } from './differences.ts'
import { compatibilityPage } from './page.ts'
import { judge, replay, type Exchange, type Verdict } from './replay.ts'
import { startMlflow, startRunnel } from './servers.ts'

export interface Play {
  readonly exchanges: readonly Exchange[]
  readonly verdict: Verdict
  /** What docs/compatibility.md should hold. */
  readonly page: string
}

export const compatibilityFile = fileURLToPath(new URL('../../docs/compatibility.md', import.meta.url))

/** Fails when Python or one of the servers cannot be had. */
export async function play(): Promise<Play> {
  const missing = await ensurePython('v3')
  if (missing !== undefined) throw new Error(missing)
  const [mlflow, runnel] = await Promise.all([startMlflow(pythonProgram('v3', 'mlflow')), startRunnel()])
  try {
    const exchanges = await replay(corpus, mlflow, runnel)
    const verdict = judge(exchanges, differences)
    const versions = { mlflow: await (await fetch(`${mlflow.origin}/version`)).text(), runnel: await ownVersion() }
    return { exchanges, verdict, page: compatibilityPage(versions, exchanges, verdict, differences) }
  } finally {
    await Promise.all([mlflow.stop(), runnel.stop()])
  }
}

async function ownVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}
