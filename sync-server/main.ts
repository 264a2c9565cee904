import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createApp } from './app.ts'
import { helpText, parseConfig } from './config.ts'
import { addressOf, greeting } from './greeting.ts'
import { listen, type Listening } from './listen.ts'

const config = parseConfig(process.argv.slice(2), process.env)

const refuse = (reason: string): never => {
  console.error(reason)
  process.exit(1)
}

const start = async (host: string, port: number, folder: string): Promise<void> => {
  if (!existsSync(join(folder, 'index.html'))) refuse(`There is no built site in ${folder}. Run npm start, or npm run build first.`)
  const listening = await listen(createApp(folder).fetch, { host, port }).catch((error: NodeJS.ErrnoException) =>
    refuse(listenProblem(error, host, port))
  )
  console.log(greeting(addressOf(host, listening.port)))
  stopOnSignals(listening)
}

const listenProblem = (error: NodeJS.ErrnoException, host: string, port: number): string => {
  if (error.code === 'EADDRINUSE') return `Port ${port} is already in use. Choose another: npm start -- --port ${port + 1}`
  if (error.code === 'EACCES') return `Port ${port} needs more rights. Choose another: npm start -- --port 5000`
  return `Cannot listen on ${addressOf(host, port)}: ${error.message}. Choose another address with --host or --port.`
}

const stopOnSignals = (listening: Listening): void => {
  let isStopping = false
  const stop = (): void => {
    // A terminal sends Ctrl+C to the whole group and npm forwards it: the second one must not cut the first short.
    if (isStopping) return
    isStopping = true
    listening.close().then(
      () => process.exit(0),
      () => process.exit(1)
    )
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

if (config.kind === 'help') console.log(helpText)
else if (config.kind === 'refused') refuse(config.reason)
else await start(config.host, config.port, config.folder)
