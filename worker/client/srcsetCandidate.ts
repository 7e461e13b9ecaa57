// Makes a URL safe for a `srcset` attribute. There white space ends a candidate, and commas at the ends of a URL do not
// belong to it (HTML, "parse a srcset attribute"). Image components copy a loader's URL into it without escaping.

/**
 * Returns the same URL with its white space and the commas at its ends percent-encoded. White space at the ends and
 * line breaks are removed, as URL parsers do.
 */
export function candidateOf(src: string): string {
  return src
    .replace(/[\t\n\r]/g, '')
    .replace(/^[ \f]+|[ \f]+$/g, '')
    .replace(/[ \f]/g, encodeURIComponent)
    .replace(/^,+|,+$/g, (commas) => '%2C'.repeat(commas.length))
}
