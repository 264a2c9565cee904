/**
 * Light, dark, or as the system says. The choice is one word in localStorage and one attribute on the root element (tokens.css), set when
 * the first module of the page runs, before anything is painted: an inline script would do the same, and the CSP forbids those.
 */
export const THEMES = ['system', 'light', 'dark'] as const
export type ThemeChoice = (typeof THEMES)[number]

const STORED_AS = 'runnel.theme'

class Theme {
  #choice = $state<ThemeChoice>('system')

  get choice(): ThemeChoice {
    return this.#choice
  }

  choose(choice: ThemeChoice): void {
    this.#show(choice)
    try {
      if (choice === 'system') localStorage.removeItem(STORED_AS)
      else localStorage.setItem(STORED_AS, choice)
    } catch {
      // A browser that keeps nothing for this page: the choice lasts as long as the page does.
    }
  }

  /** Show what was chosen before, and follow what other tabs choose. */
  start(): void {
    this.#show(readStored())
    window.addEventListener('storage', (event) => {
      if (event.key === STORED_AS || event.key === null) this.#show(readStored())
    })
  }

  #show(choice: ThemeChoice): void {
    this.#choice = choice
    if (choice === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = choice
  }
}

function readStored(): ThemeChoice {
  try {
    const stored = localStorage.getItem(STORED_AS)
    return THEMES.find((theme) => theme === stored) ?? 'system'
  } catch {
    return 'system'
  }
}

export const theme = new Theme()
