import DOMPurify, { type Config } from 'dompurify'
import { Marked } from 'marked'

const marked = new Marked({
  gfm: true,
  breaks: false,
  async: false,
  // The page has its one title already.
  walkTokens: (token) => {
    if (token.type === 'heading') token['depth'] = Math.min(6, Number(token['depth']) + 1)
  }
})

/** Chromium reports inline handlers as blocked while the text is parsed, in a document that runs nothing: they are gone from what is drawn. */
const CONFIG: Config = {
  USE_PROFILES: { html: true },
  // Ids and names from the text get a prefix, so that none of them can shadow a property of the page.
  SANITIZE_NAMED_PROPS: true,
  FORBID_TAGS: [
    'style',
    'form',
    'button',
    'select',
    'textarea',
    'option',
    'audio',
    'video',
    'source',
    'track',
    'dialog'
  ],
  FORBID_ATTR: ['style', 'srcset', 'autofocus', 'tabindex', 'popover', 'class', 'background', 'poster', 'usemap'],
  ALLOW_DATA_ATTR: false,
  // It is held against every attribute, not only addresses: what is no scheme must pass. The hooks below look at addresses.
  ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto):|data:image\/|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i
}

/** An image may only be what the text itself carries: any other address would tell somebody that it was read. */
export const isInlineImage = (source: string): boolean =>
  /^data:image\/(?:png|jpeg|jpg|gif|webp|avif);base64,[a-z0-9+/=\s]*$/i.test(source)

/** A link leads out, or to a place in the same text. A relative one would lead into the app, which no text means. */
export const isOutwardLink = (address: string): boolean => /^(?:https?:\/\/|mailto:|#)/i.test(address)

/** Markdown to HTML, not yet safe: see `safeHtml`. */
export const markdownToHtml = (text: string): string => marked.parse(text, { async: false })

/**
 * Markdown written by anybody, as HTML that can stand in a page of ours: no script, no style, no form, no request to anywhere; links
 * open elsewhere and learn nothing of where they came from. Needs a document.
 */
export function safeHtml(text: string): string {
  const purify = sanitizer()
  return purify.sanitize(markdownToHtml(text), CONFIG)
}

let instance: typeof DOMPurify | null = null

function sanitizer(): typeof DOMPurify {
  if (instance) return instance
  instance = DOMPurify(window)
  instance.addHook('uponSanitizeAttribute', (node, data) => {
    if (node.nodeName === 'IMG' && data.attrName === 'src' && !isInlineImage(data.attrValue)) data.keepAttr = false
    if (data.attrName === 'href' && !isOutwardLink(data.attrValue)) data.keepAttr = false
  })
  instance.addHook('afterSanitizeAttributes', (node) => {
    if (node.nodeName === 'A' && node.hasAttribute('href')) {
      node.setAttribute('target', '_blank')
      node.setAttribute('rel', 'noopener noreferrer')
    }
    // Task lists are drawn with checkboxes; any other input has no place in a text.
    if (node.nodeName === 'INPUT') {
      if (node.getAttribute('type') === 'checkbox') {
        node.setAttribute('disabled', '')
        node.setAttribute('aria-label', node.hasAttribute('checked') ? 'done' : 'to do')
      } else node.remove()
    }
    if (node.nodeName === 'IMG' && !node.hasAttribute('src')) node.replaceWith(node.getAttribute('alt') ?? '')
  })
  return instance
}
