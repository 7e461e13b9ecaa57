// A URL that can stand in a `srcset`: a candidate ends at white space, and commas around a URL are not its own
// (HTML, "parse a srcset attribute"). Image components put there what a loader gives, as it is.

/**
 * The same URL without white space and without commas at its ends. White space at the ends and line breaks are
 * dropped, as they are wherever a URL is parsed.
 */
export function candidateOf(src: string): string {
  return src
    .replace(/[\t\n\r]/g, '')
    .replace(/^[ \f]+|[ \f]+$/g, '')
    .replace(/[ \f]/g, encodeURIComponent)
    .replace(/^,+|,+$/g, (commas) => '%2C'.repeat(commas.length))
}
