// Finds elements of the page. A missing element is a bug in the page, so find() throws an Error for it.

/**
 * Returns the element of type `kind` that `selector` finds. E extends `object` and not `Element`, because workers-types
 * declares its own Element, which HTMLInputElement does not extend.
 */
export function find<E extends object>(selector: string, kind: new () => E): E {
  const found: unknown = document.querySelector(selector)
  if (found instanceof kind) return found
  throw new Error(`the page has no ${kind.name} ${selector}`)
}
