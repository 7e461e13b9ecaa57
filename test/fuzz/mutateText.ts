// Random changes to text. A text is split into tokens: words and the characters between them.
import type { Random } from '../../worker/image/prng.ts'
import { oneIn, pick } from './draw.ts'

const NUMBERS = [
  '0',
  '1',
  '2',
  '3',
  '4',
  '-1',
  '00',
  '03',
  '3.0',
  '1e3',
  '0x10',
  '+2',
  '85',
  '2147483647',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '9999999999',
  '99999999999',
  '9'.repeat(400),
  'NaN',
  'Infinity',
  '١',
]
const ODD_STRINGS = [
  '',
  ' ',
  '\t',
  ',',
  ';',
  '=',
  '"',
  "'",
  '\\',
  '&',
  '?',
  '#',
  '/',
  '//',
  '..',
  '@',
  ':',
  '%',
  '%00',
  '%2e',
  '%2F',
  '%25',
  '\u00a0',
  '\u3002',
  'é',
  '\ud83d\ude00',
  '\ud800',
  '\0',
  '\r\n',
  '[',
  ']',
  '{',
  '}',
  '*',
  '-',
  '+',
  '.',
  '|',
]

type Mutator = (random: Random, tokens: string[], words: readonly string[]) => void

const at = (random: Random, tokens: readonly string[]) => random.below(tokens.length)

const MUTATORS: readonly Mutator[] = [
  (random, tokens) => tokens.splice(at(random, tokens), 1),
  (random, tokens) => {
    const i = at(random, tokens)
    tokens.splice(i, 0, tokens[at(random, tokens)])
  },
  (random, tokens) => {
    const [i, j] = [at(random, tokens), at(random, tokens)]
    const kept = tokens[i]
    tokens[i] = tokens[j]
    tokens[j] = kept
  },
  (random, tokens, words) => (tokens[at(random, tokens)] = pick(random, words)),
  (random, tokens, words) => tokens.splice(at(random, tokens), 0, pick(random, words)),
  (random, tokens) => (tokens[at(random, tokens)] = pick(random, NUMBERS)),
  (random, tokens) => (tokens[at(random, tokens)] = pick(random, ODD_STRINGS)),
  (random, tokens) => tokens.splice(at(random, tokens), 0, pick(random, ODD_STRINGS)),
  (random, tokens) => {
    const i = at(random, tokens)
    tokens[i] = oneIn(random, 2) ? tokens[i].toUpperCase() : tokens[i].toLowerCase()
  },
  (random, tokens) => {
    // Inserts or replaces one character inside a token.
    const i = at(random, tokens)
    const place = random.below(tokens[i].length + 1)
    const char = oneIn(random, 2) ? pick(random, ODD_STRINGS) : String.fromCharCode(random.below(256))
    tokens[i] = tokens[i].slice(0, place) + char + tokens[i].slice(place + random.below(2))
  },
  (random, tokens) => {
    const i = at(random, tokens)
    tokens[i] = tokens[i].repeat(pick(random, [2, 3, 50, 300]))
  },
]

/** Returns the text with one to four changes. `words` contains tokens that have a meaning for the tested parser. */
export function mutateText(random: Random, text: string, words: readonly string[]): string {
  const tokens = text.split(/([\W_]+)/)
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    if (tokens.length === 0) tokens.push('')
    pick(random, MUTATORS)(random, tokens, words)
  }
  const MAX_CHARACTERS = 20_000
  return tokens.join('').slice(0, MAX_CHARACTERS)
}

/** Returns the text unchanged in one of four calls, and mutated otherwise. */
export function maybeMutateText(random: Random, text: string, words: readonly string[]): string {
  return oneIn(random, 4) ? text : mutateText(random, text, words)
}
