import { invalid } from './errors.ts'
import { LIVE } from './limits.ts'
import type { EpochMs } from './time.ts'
import { validateText } from './validate.ts'

/** What a saved view shows: an experiment's runs table, or its charts. */
export type ViewOf = 'runs' | 'charts'

export const VIEWS_OF = ['runs', 'charts'] as const satisfies readonly ViewOf[]

/** How somebody looks at an experiment, kept under a name. `''` names the one that is there without being chosen. */
export interface SavedView {
  readonly name: string
  /** JSON text. What it means is known to the page that wrote it, which checks it when it reads it back. */
  readonly state: string
  readonly createdTime: EpochMs
  readonly lastUpdateTime: EpochMs
}

export const isViewOf = (value: unknown): value is ViewOf => (VIEWS_OF as readonly unknown[]).includes(value)

/** Fails with INVALID_PARAMETER_VALUE. */
export function validateViewName(name: string): void {
  validateText(name, 'name')
  if (name.length > LIVE.viewNameLength)
    throw invalid(`A view's name has at most ${LIVE.viewNameLength} characters; this one has ${name.length}.`)
  if (name.trim() !== name) throw invalid("A view's name neither begins nor ends with a space.")
}

/** Fails with INVALID_PARAMETER_VALUE for what is no JSON text, or is too long. */
export function validateViewState(state: string): void {
  validateText(state, 'state')
  const bytes = new TextEncoder().encode(state).length
  if (bytes > LIVE.viewStateBytes)
    throw invalid(`What a view keeps has at most ${LIVE.viewStateBytes} bytes; this has ${bytes}.`)
  if (!isJson(state)) throw invalid('What a view keeps must be JSON text.')
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
