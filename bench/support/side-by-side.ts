import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { ensureServerBuilt, serverEntry } from '../../scripts/build-server.mjs'
import { root } from '../../scripts/project.mjs'
import { ensurePython, pythonProgram } from '../../scripts/python.mjs'
import { report } from './report.ts'

interface Measured {
  readonly unit: string
  readonly mlflow: readonly number[]
  readonly runnel: readonly number[]
  readonly ratio: number
}

/** Measure a stock MLflow server and a Runnel host side by side, print the table, and report each ratio as `<workload>_ratio`. */
export async function sideBySide(bench: string, options: readonly string[]): Promise<void> {
  const missing = await ensurePython('v3')
  if (missing !== undefined) throw new Error(missing)
  // What npm start and the package run.
  await ensureServerBuilt()
  const python = spawn(
    pythonProgram('v3', 'python'),
    [
      join(root, 'bench', 'support', 'mlflow_side_by_side.py'),
      ...['--mlflow', JSON.stringify([pythonProgram('v3', 'python'), '-m', 'mlflow', 'server'])],
      ...['--runnel', JSON.stringify([process.execPath, serverEntry, 'server'])],
      ...options
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  )
  const results = Object.entries(JSON.parse(await text(python.stdout)) as Record<string, Measured>)
  console.log('| workload | unit | MLflow | Runnel | ratio |\n|---|---|---|---|---|')
  for (const [name, { unit, mlflow, runnel, ratio }] of results)
    console.log(`| ${name} | ${unit} | ${show(mlflow)} | ${show(runnel)} | ${ratio.toFixed(1)} |`)
  report(bench, Object.fromEntries(results.map(([name, { ratio }]) => [`${name}_ratio`, ratio])))
}

const show = (values: readonly number[]): string =>
  values.length === 1
    ? round(values[0]!)
    : `${round(median(values))} (${round(Math.min(...values))} to ${round(Math.max(...values))})`
const round = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 })
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
