// Tests the header X-SR, which formatXSr() writes in the worker and parseXSr() reads in its clients.
import { describe, expect, test } from 'vitest'
import { formatXSr, parseXSr, type XSr } from '../../../worker/client/xSr.ts'
import { SKIP_REASONS } from '../../../worker/picture/skip.ts'

const SIZE = { width: 640, height: 427 }

describe('formatXSr and parseXSr', () => {
  test.each<[string, XSr]>([
    ['done; scale=2; model="bicubic"', { outcome: 'done', scale: 2, model: 'bicubic' }],
    [
      'done; scale=3; model="fast@1a2b3c4d"; engine=fused-relaxed',
      { outcome: 'done', scale: 3, model: 'fast@1a2b3c4d', engine: 'fused-relaxed' },
    ],
    [
      'done; scale=3; model="fast@1a2b3c4d"; engine=fused-relaxed; quality=75',
      { outcome: 'done', scale: 3, model: 'fast@1a2b3c4d', engine: 'fused-relaxed', quality: 75 },
    ],
    [
      'done; scale=1; width=640; height=427; model="bicubic"',
      { outcome: 'done', scale: 1, size: SIZE, model: 'bicubic' },
    ],
    [
      'done; scale=4; width=640; height=427; model="quality-jpeg@00000000"; engine=ort',
      { outcome: 'done', scale: 4, size: SIZE, model: 'quality-jpeg@00000000', engine: 'ort' },
    ],
    ...Object.keys(SKIP_REASONS).map((reason): [string, XSr] => [
      `skipped; reason=${reason}`,
      { outcome: 'skipped', reason },
    ]),
  ])('convert an outcome to "%s" and back', (value, xSr) => {
    expect(formatXSr(xSr)).toBe(value)
    expect(parseXSr(value)).toEqual(xSr)
  })
})

test('parseXSr reads the known parameters even if another version of the worker adds parameters or leaves some out', () => {
  expect(parseXSr('done; scale=3')).toEqual({ outcome: 'done', scale: 3 })
  expect(parseXSr('done;scale=3;tiles=4; model="a@1"')).toEqual({ outcome: 'done', scale: 3, model: 'a@1' })
  expect(parseXSr('done; scale=3; width=640')).toEqual({ outcome: 'done', scale: 3 })
  expect(parseXSr('skipped; detail="too; long"; reason=NEW')).toEqual({ outcome: 'skipped', reason: 'NEW' })
})

describe('parseXSr', () => {
  test.each([
    null,
    '',
    '1',
    'SR12345',
    'done',
    'done; scale=x; model="a"',
    'done; scale=-1',
    'done; scale=3; model="a',
    'done, scale=3',
    'undone; scale=3',
    'skipped',
    'skipped; reason=',
    'skipped; model="a@1"',
    'refused; reason=400',
    `done${'; scale=3'.repeat(10_000)};`,
  ])('returns undefined for %j, which a worker does not send', (value) => {
    expect(parseXSr(value)).toBeUndefined()
  })
})
