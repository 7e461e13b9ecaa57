// The target for stored cache entries.
import { encodeNote, parseEntry } from '../../../worker/cache/entry.ts'
import type { Random } from '../../../worker/image/prng.ts'
import { oneIn } from '../draw.ts'
import { latin1 } from '../encode.ts'
import { defineTarget, ensure, type FuzzTarget, NOW_MS } from '../fuzz.ts'
import { mutateBytes } from '../mutateBytes.ts'
import { maybeMutateText } from '../mutateText.ts'

const ENTRY = {
  digest: 'd',
  result: 'r',
  etag: '"e"',
  type: 'image/png',
  size: 9,
  sr: 'done',
  sourceEtag: '"a"',
  inherited: {},
  ttlSeconds: 60,
  staleSeconds: 5,
  freshUntil: NOW_MS,
}
const JSON_WORDS = ['null', '1e999', '"size"', '{}', '[]', '""', 'true', '"digest"']

function makeEntry(random: Random): Uint8Array {
  const bytes = latin1(maybeMutateText(random, JSON.stringify(ENTRY), JSON_WORDS))
  return oneIn(random, 4) ? mutateBytes(random, bytes, bytes) : bytes
}

function checkEntry(bytes: Uint8Array): boolean {
  const entry = parseEntry(bytes)
  if (!entry) return false
  const note = encodeNote(entry)
  ensure(/^[ -~]*$/.test(note), 'a note that is not printable ASCII')
  ensure(JSON.stringify(parseEntry(note)) === JSON.stringify(entry), 'a note of another entry')
  for (const text of [entry.digest, entry.result, entry.etag, entry.type, entry.sr]) {
    ensure(typeof text === 'string', 'a text field without text')
  }
  for (const number of [entry.size, entry.ttlSeconds, entry.freshUntil]) {
    ensure(typeof number === 'number', 'a number field without a number')
  }
  return true
}

export function cacheEntryTargets(): FuzzTarget[] {
  return [
    defineTarget({
      name: 'entry',
      about: 'parseEntry: a complete cache entry, or undefined (a miss); encodeNote: the same entry as a header',
      share: 5,
      make: makeEntry,
      check: checkEntry,
    }),
  ]
}
