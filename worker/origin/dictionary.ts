// Reads a Dictionary of structured fields (RFC 9651, 3.2), the syntax of CDN-Cache-Control. Unlike Cache-Control, a field
// with any error in its syntax counts as missing (RFC 9213, 2.1), so the grammar is checked to its last character.

/** An integer, as its digits, or a boolean. Undefined for a value of any other type, which no directive has. */
export type Member = string | boolean | undefined

const KEY = '[a-z*][a-z0-9_.*-]*'
const BARE_ITEM = [
  '-?\\d{1,12}\\.\\d{1,3}', // decimal
  '-?\\d{1,15}', // integer
  '"(?:[ !#-\\[\\]-~]|\\\\["\\\\])*"', // string
  "[A-Za-z*][!#$%&'*+.^_`|~:/\\w-]*", // token
  ':[A-Za-z0-9+/]*={0,2}:', // bytes
  '\\?[01]', // boolean
  '@-?\\d{1,15}', // date
  '%"(?:[ !#$&-~]|%[0-9a-f]{2})*"', // text beyond ASCII
].join('|')
const PARAMETERS = `(?:; *${KEY}(?:=(?:${BARE_ITEM}))?)*`
const ITEM = `(?:${BARE_ITEM})${PARAMETERS}`
const INNER_LIST = `\\( *(?:${ITEM}(?: +${ITEM})*)? *\\)${PARAMETERS}`
const MEMBER = new RegExp(
  `(${KEY})(?:=(?:(${BARE_ITEM})${PARAMETERS}|${INNER_LIST})|${PARAMETERS})(?=[ \\t]*(?:,|$))`,
  'y',
)
/** Between two members, or behind the last one. */
const SEPARATOR = /[ \t]*(?:,[ \t]*(?=[^ \t])|$)/y

/**
 * Maps the names in a Dictionary to their values. If a name is repeated, the last value counts. Returns undefined if the
 * text is no Dictionary. An empty text is an empty Dictionary.
 */
export function parseDictionary(field: string): Map<string, Member> | undefined {
  const text = field.replace(/^ +| +$/g, '')
  const members = new Map<string, Member>()
  for (let at = 0; at < text.length; at = SEPARATOR.lastIndex) {
    MEMBER.lastIndex = at
    const [whole, name, value] = MEMBER.exec(text) ?? []
    if (whole === undefined) return undefined
    members.set(name, memberOf(whole, name, value))
    SEPARATOR.lastIndex = MEMBER.lastIndex
    if (!SEPARATOR.test(text)) return undefined
  }
  return members
}

function memberOf(whole: string, name: string, value: string | undefined): Member {
  if (value === undefined) return whole[name.length] === '=' ? undefined : true // an inner list, or a name alone
  if (value.startsWith('?')) return value === '?1'
  return /^-?\d+$/.test(value) ? value : undefined
}
