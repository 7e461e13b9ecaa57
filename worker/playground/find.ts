// The page's elements, by selector. What is not there is a mistake of ours, and said at once.

/** (The types of Workers have an Element of their own, which elements of forms are none of.) */
export function find<E extends object>(selector: string, kind: new () => E): E {
  const found: unknown = document.querySelector(selector)
  if (found instanceof kind) return found
  throw new Error(`the page has no ${kind.name} ${selector}`)
}
