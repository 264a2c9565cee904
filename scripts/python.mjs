// @ts-check
// The Python environments of the tests: a stock MLflow each, made once from a pinned list and kept while the list stays the same.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, say, Stop } from './project.mjs'

const oldestPython = [3, 10]

/** Which list makes which environment: the newest MLflow, and the last of 2.x. */
const environments = { v3: 'requirements.txt', v2: 'requirements-2.txt' }

/** @typedef {keyof typeof environments} EnvironmentName */

const folderOf = (/** @type {EnvironmentName} */ name) => join(root, '.cache', 'python', name)

/** A program of an environment, for instance mlflow. */
export const pythonProgram = (/** @type {EnvironmentName} */ name, /** @type {string} */ program) =>
  process.platform === 'win32'
    ? join(folderOf(name), 'Scripts', `${program}.exe`)
    : join(folderOf(name), 'bin', program)

/**
 * The environments named, made where they are missing or their list has changed.
 *
 * @param {readonly EnvironmentName[]} names
 * @returns {Promise<string | undefined>} why there is none (Python is missing); a continuous build without Python fails instead
 */
export async function ensurePython(...names) {
  const found = findPython()
  if (found === undefined) {
    const reason = `no Python ${oldestPython.join('.')} or newer was found; install one, or name it in RUNNEL_PYTHON`
    if (process.env['CI']) throw new Stop(`The tests that need Python are never skipped here: ${reason}.`)
    return reason
  }
  for (const name of names) await ensureEnvironment(name, found)
  return undefined
}

/**
 * @param {EnvironmentName} name
 * @param {{ command: string, version: string }} python
 */
async function ensureEnvironment(name, python) {
  const folder = folderOf(name)
  const list = join('tests', 'python', environments[name])
  const stamp = join(folder, 'made-from')
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, list)))
    .update(python.version)
    .digest('hex')
  if (readText(stamp) === wanted) return

  say(`Making the Python environment ${name} (${list}, Python ${python.version})`)
  rmSync(folder, { recursive: true, force: true })
  if ((await run(python.command, ['-m', 'venv', folder], { quiet: true })) !== 0) {
    throw new Stop(
      'Python cannot make a virtual environment; on Debian and Ubuntu the package python3-venv is missing.'
    )
  }
  const inside = pythonProgram(name, 'python')
  if (
    !(await installQuickly(name, inside, list)) &&
    (await run(inside, ['-m', 'pip', 'install', '--quiet', '-r', list])) !== 0
  ) {
    throw new Stop(
      'Installing the Python packages failed; the lines above say why. The registry has to be reachable the first time.'
    )
  }
  // Written last of all, so that an interrupted installation does not look like a finished one.
  writeFileSync(stamp, wanted)
}

/**
 * uv installs in seconds what takes pip minutes.
 *
 * @param {EnvironmentName} name
 * @param {string} python
 * @param {string} list
 */
async function installQuickly(name, python, list) {
  if ((await run(python, ['-m', 'pip', 'install', '--quiet', 'uv'], { quiet: true })) !== 0) return false
  return (await run(pythonProgram(name, 'uv'), ['pip', 'install', '--quiet', '--python', python, '-r', list])) === 0
}

/** @returns {{ command: string, version: string } | undefined} */
function findPython() {
  const named = process.env['RUNNEL_PYTHON']
  const commands = named
    ? [named]
    : ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10']
  for (const command of commands) {
    const version = versionOf(command)
    if (version !== undefined && isNewEnough(version)) return { command, version }
  }
  if (named) throw new Stop(`RUNNEL_PYTHON names ${named}, which is no Python ${oldestPython.join('.')} or newer.`)
  return undefined
}

/** @param {string} command */
function versionOf(command) {
  try {
    const words = execFileSync(command, ['-c', 'import platform; print(platform.python_version())'], {
      stdio: ['ignore', 'pipe', 'ignore']
    })
    return words.toString().trim()
  } catch {
    return undefined
  }
}

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [wantedMajor = 0, wantedMinor = 0] = oldestPython
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

/** @param {string} file */
function readText(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
