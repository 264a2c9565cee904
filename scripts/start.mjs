// @ts-check
// npm start: install and build what is not there yet, then `runnel server` with its data in the project. Plain JavaScript for the machine's own Node (>= 20), because
// nothing is installed when it starts; the host itself runs on the Node that the project brings.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureServerBuilt, serverEntry } from './build-server.mjs'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'
import { root, runMain } from './project.mjs'

runMain(async () => {
  const args = process.argv.slice(2)
  await ensureInstalled()
  if (!args.includes('--help')) await ensureBuilt()
  await ensureServerBuilt()
  serve(args)
})

/** @param {readonly string[]} args */
function serve(args) {
  const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
  const host = spawn(node, [serverEntry, 'server', ...args], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32'
  })
  // The host closes by itself and this process with it. A terminal's Ctrl+C reaches both; a `kill` of this one is passed on.
  process.on('SIGINT', () => host.kill('SIGINT'))
  process.on('SIGTERM', () => host.kill('SIGTERM'))
  host.on('error', (error) => {
    console.error(`The host did not start: ${error.message}`)
    process.exit(1)
  })
  host.on('exit', (code) => process.exit(code ?? 1))
}
