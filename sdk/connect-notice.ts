/** The small notice a notebook shows when a person is needed: to open Runnel's window, or to answer in it. */
export interface ConnectNotice {
  /** Say something; with a button when there is something to press. */
  show(text: string, button?: { readonly label: string; readonly onPress: () => void }): void
  hide(): void
}

/**
 * A notice in `el`, or in the page's lower right corner. It lives in a shadow root, so that neither the notebook's style nor ours leaks;
 * system colours follow the reader's theme, and styles are set one by one because a page's policy may forbid style sheets.
 */
export function createConnectNotice(el: Element | null): ConnectNotice {
  let host: HTMLElement | null = null

  const mount = (): ShadowRoot => {
    if (host === null) {
      host = document.createElement('div')
      host.attachShadow({ mode: 'open' })
      if (el === null)
        host.style.cssText =
          'position:fixed;right:16px;bottom:16px;z-index:2147483647;max-width:min(360px,calc(100vw - 32px))'
    }
    if (!host.isConnected) (el ?? document.body ?? document.documentElement).append(host)
    return host.shadowRoot!
  }

  return {
    show: (text, button) => {
      const root = mount()
      const box = document.createElement('section')
      box.setAttribute('aria-label', 'Runnel')
      box.style.cssText =
        'box-sizing:border-box;display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;padding:10px 12px;border:1px solid GrayText;border-radius:6px;' +
        'background:Canvas;color:CanvasText;font:13px/1.4 ui-sans-serif,system-ui,sans-serif;color-scheme:light dark'
      const line = document.createElement('p')
      line.setAttribute('role', 'status')
      line.style.cssText = 'margin:0;flex:1 1 160px'
      box.append(line)
      if (button !== undefined) box.append(createButton(button.label, button.onPress))
      root.replaceChildren(box)
      // Set once it stands in the page: that is when a screen reader says it.
      line.textContent = text
    },
    hide: () => {
      host?.remove()
      host = null
    }
  }
}

function createButton(label: string, onPress: () => void): HTMLButtonElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = label
  button.style.cssText = 'font:inherit;padding:6px 12px;min-height:32px;cursor:pointer'
  button.addEventListener('click', onPress)
  return button
}
