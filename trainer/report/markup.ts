// HTML from template literals. Inserted values are escaped as text, except values that are markup themselves.

export interface Markup {
  readonly html: string
}

export type MarkupContent = Markup | string | number | undefined | readonly MarkupContent[]

/** Builds HTML from a tagged template: `markup\`<p>${text}</p>\``. Lists are joined, and undefined is omitted. */
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

/** Escapes text for use between tags and in quoted attributes. */
function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character])
}
