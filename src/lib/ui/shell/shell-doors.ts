import { createContext } from 'svelte'

/** What the shell opens for any page. */
export interface ShellDoors {
  /** Ask for a name and make an experiment of it. */
  readonly newExperiment: () => void
}

export const [useShell, setShell] = createContext<ShellDoors>()
