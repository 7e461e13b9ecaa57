// Compares parseDictionary with the npm package structured-headers, which implements RFC 9651 step by step.
import { isDeepStrictEqual } from 'node:util'
import { parseDictionary as parseSlowly, type BareItem } from 'structured-headers'
import { expect, test } from 'vitest'
import { createRandom } from '../../../worker/image/prng.ts'
import { type Member, parseDictionary } from '../../../worker/origin/dictionary.ts'

/** Returns what the oracle reads, in the terms of parseDictionary. */
function expected(text: string): [string, Member][] | undefined {
  try {
    return [...parseSlowly(text)].map(([name, [value]]) => [name, Array.isArray(value) ? undefined : memberOf(value)])
  } catch {
    return undefined
  }
}

function memberOf(value: BareItem): Member {
  if (typeof value === 'boolean') return value
  return typeof value === 'number' && Number.isInteger(value) ? `${value}` : undefined
}

const read = (text: string) => {
  const members = parseDictionary(text)
  return members && [...members]
}

test.each([
  '',
  '   ',
  'max-age=60',
  ' max-age=60 ',
  'max-age=60, no-store',
  'max-age=60\t,\tno-store',
  'max-age=60,no-store,',
  ',max-age=60',
  'max-age=60,,no-store',
  'max-age=60; no-store',
  'max-age=60;x="a, b";y, s-maxage=9',
  'max-age="60"',
  'max-age=-5',
  'max-age=999999999999999',
  'max-age=9999999999999999',
  'max-age=6.5',
  'max-age=6.5555',
  'max-age=1234567890123.5',
  'max-age=sixty',
  'max-age = 60',
  'max-age=',
  'Max-Age=60',
  'NO-STORE',
  'no-store=?0',
  'no-store=?1',
  'no-store=?2',
  'no-store=?1;a=?0',
  'private="set-cookie"',
  'private="set\\"cookie"',
  'private="set\\cookie"',
  'private="set-cookie',
  'private=(a b "c" 1);x=2',
  'private=(a  b )',
  'private=( )',
  'private=(a,b)',
  'private=(a',
  'a=1, b=2, a=3',
  'a=:aGVsbG8=:',
  'a=@1659578233',
  '*a=*b',
  'a.b-c_d*=t/o:k',
  'max-age=60\n',
  'max-age=60, ünlaut',
])('of the field "%s" the members are those that structured-headers reads', (text) => {
  expect(read(text)).toEqual(expected(text))
})

test('of 20,000 generated fields the members are those that structured-headers reads', () => {
  const MEMBERS = [
    'max-age=60',
    'no-store',
    'private="a"',
    's-maxage=-1;x=1',
    'a=(b "c");y',
    'a=?0',
    '*=:YQ==:',
    'a.b=0.5',
  ]
  const NAMES = 'max-age no-store private s-maxage stale-if-error a * B'
  const SIGNS = '= = = , ; ( ) " \\ ? ?0 ?1 : - .'
  const VALUES = '1 60 31536000 1234567890 0.5 "x" token @1 :YQ==: ;x=1 ;y'
  const PARTS = [...`${NAMES} ${SIGNS} ${VALUES}`.split(' '), ', ', ', ', ' ', '\t', '; ', '(a b)']
  const random = createRandom(1)
  const pick = (list: readonly string[]) => list[random.below(list.length)]
  const seen = { valid: 0, invalid: 0 }
  const wrong: string[] = []
  for (let i = 0; i < 20_000; i++) {
    const [list, separator] = i % 2 === 0 ? [PARTS, ''] : [MEMBERS, pick([', ', ',', '\t, ', ' ,,'])]
    const text = Array.from({ length: 1 + random.below(9) }, () => pick(list)).join(separator)
    const members = expected(text)
    if (!isDeepStrictEqual(read(text), members)) wrong.push(text)
    seen[members ? 'valid' : 'invalid']++
  }
  expect(wrong).toEqual([])
  expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(5000)
})
