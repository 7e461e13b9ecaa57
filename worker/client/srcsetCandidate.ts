// Makes a URL safe for a `srcset` attribute, into which image components copy a loader's URL without escaping it. In a
// srcset, white space ends a URL, and commas at its ends separate it from other candidates (HTML, "parse a srcset
// attribute").

/**
 * Removes all line breaks and tabs, and the white space at both ends of the URL, as URL parsers do. Percent-encodes the
 * remaining white space, and the commas at both ends.
 */
export function candidateOf(src: string): string {
  return src
    .replace(/[\t\n\r]/g, '')
    .replace(/^[ \f]+|[ \f]+$/g, '')
    .replace(/[ \f]/g, encodeURIComponent)
    .replace(/^,+|,+$/g, (commas) => '%2C'.repeat(commas.length))
}
