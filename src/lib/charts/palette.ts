/** Call `changed` whenever the colour scheme may have changed: by the system, or by an attribute on the root. Returns how to stop. */
export function onSchemeChange(changed: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  dark.addEventListener('change', changed)
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['class', 'style', 'data-theme'] })
  return () => {
    dark.removeEventListener('change', changed)
    observer.disconnect()
  }
}

/** By colour, for the scheme in force: the same in all charts of a page, and each takes the browser a look at the page's style. */
const resolvedColors = new Map<string, string>()

/** Colours of one chart, each resolved once for the scheme in force. */
export class Palette {
  readonly #host: HTMLElement

  constructor(host: HTMLElement) {
    this.#host = host
  }

  /** Any CSS colour, `var(--run-3)` among them, as a canvas understands it. */
  get(color: string): string {
    const known = resolvedColors.get(color)
    if (known !== undefined) return known
    const resolved = resolveColor(this.#host, color)
    resolvedColors.set(color, resolved)
    return resolved
  }

  /** The scheme has changed. */
  forget(): void {
    resolvedColors.clear()
  }
}

/** Asked for through `color`, as a custom property's computed value still says `light-dark(…)`. */
function resolveColor(host: HTMLElement, color: string): string {
  const probe = document.createElement('span')
  probe.hidden = true
  probe.style.color = color
  host.append(probe)
  const resolved = getComputedStyle(probe).color
  probe.remove()
  return resolved
}
