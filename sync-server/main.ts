import { processIo } from './cli/io.ts'
import { runProgram } from './cli/program.ts'

/** What may still be open when a command is done: nothing anybody waits for. */
const LINGER_MS = 1000

process.exitCode = await runProgram(process.argv.slice(2), processIo())
setTimeout(() => process.exit(), LINGER_MS).unref()
