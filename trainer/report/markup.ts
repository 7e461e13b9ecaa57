// HTML from template literals: what is put in is text, and escaped, unless it is markup itself.

export interface Markup {
  readonly html: string
}

export type MarkupContent = Markup | string | number | undefined | readonly MarkupContent[]

/** `markup\`<p>${text}</p>\``: lists are joined, undefined is left out. */
export function markup(parts: TemplateStringsArray, ...contents: readonly MarkupContent[]): Markup {
  return { html: parts.map((part, i) => part + render(contents[i])).join('') }
}

function render(content: MarkupContent): string {
  if (content === undefined) return ''
  if (typeof content === 'string' || typeof content === 'number') return escapeText(`${content}`)
  if ('html' in content) return content.html
  return content.map(render).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Safe between tags and in quoted attributes. */
function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character])
}
