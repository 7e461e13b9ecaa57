import { describe, expect, test } from 'vitest'
import { splitOwn } from '../../worker/client/query.ts'
import { requireSignature, signUrl } from '../../worker/signature.ts'

const SECRET = '00112233445566778899aabbccddeeff'
const OTHER = 'ffeeddccbbaa99887766554433221100'
const NOW = Date.parse('2026-01-01T00:00:00Z')
const END = NOW / 1000 + 3600
const URL_TO_SIGN = 'https://img.example/a%20b/cat.jpg?w=300&sr=3&x=%2F%2f&sr-format=webp'
const keys = { a: SECRET, b: OTHER }

const sign = (url = URL_TO_SIGN, key: keyof typeof keys = 'a', expires = 3600) =>
  signUrl(url, { key, secret: keys[key], expires }, NOW)
const check = (url: string, nowMs = NOW, known: Record<string, string> = keys) =>
  requireSignature(splitOwn(url, 'sr'), known, nowMs)

test('a URL is signed as it always was', async () => {
  expect(await sign()).toBe(
    'https://img.example/a%20b/cat.jpg?w=300&x=%2F%2f&sr=3&sr-format=webp&sr-key=a&sr-exp=1767229200&sr-sig=bElwPJVt7d4Hx6Lv_MVVL9iK_coKtp7t94DILdppeLo',
  )
})

test('what is signed is accepted, in any order of our parameters, under http as well', async () => {
  const url = await sign()
  await check(url)
  await check(url.replace('https:', 'http:'))
  const [base, query] = url.split('?')
  const parts = query.split('&')
  const ours = parts.filter((part) => part.startsWith('sr')).toReversed()
  await check(`${base}?${[...ours, ...parts.filter((part) => !part.startsWith('sr'))].join('&')}`)
})

test('a URL is signed in the spelling in which a worker will see it', async () => {
  const spelled = 'HTTPS://IMG.Example:443/./a b/cat.jpg?w=300&sr=3&x=%2F%2f&sr-format=webp#part'
  expect(await sign(spelled)).toBe(await sign())
})

test('with one bit of anything changed it is refused', async () => {
  const url = await sign()
  const start = url.indexOf('://') + 3
  let refused = 0
  for (let i = start; i < url.length; i++) {
    for (let bit = 0; bit < 7; bit++) {
      const changed = String.fromCharCode(url.charCodeAt(i) ^ (1 << bit))
      const other = url.slice(0, i) + changed + url.slice(i + 1)
      await expect(check(other), other).rejects.toThrow(/signed URL|signature/)
      refused++
    }
  }
  expect(refused).toBe(7 * (url.length - start))
})

test('with an empty part put into its query it is refused: the origin would be asked for another URL', async () => {
  for (const query of ['sr=3', 'w=300&sr=3']) {
    const url = await sign(`https://img.example/cat.jpg?${query}`)
    await check(url)
    for (const other of [url.replace('?', '?&'), `${url}&`, url.replace('&', '&&')]) {
      await expect(check(other), other).rejects.toMatchObject({ code: 'SIGNATURE_WRONG' })
    }
  }
})

test('it ends when it says', async () => {
  const url = await sign()
  await check(url, 1000 * END - 1)
  await expect(check(url, 1000 * END)).rejects.toMatchObject({ code: 'SIGNATURE_EXPIRED', status: 403 })
})

test('keys are replaced one after another, and one that is gone signs no more', async () => {
  const [old, next] = [await sign(URL_TO_SIGN, 'a'), await sign(URL_TO_SIGN, 'b')]
  for (const url of [old, next]) await check(url)
  await expect(check(old, NOW, { b: OTHER })).rejects.toMatchObject({ code: 'SIGNATURE_WRONG' })
  await expect(check(old.replace('sr-key=a', 'sr-key=b'))).rejects.toThrow('signature')
  await expect(check(old.replace('sr-key=a', 'sr-key=__proto__'))).rejects.toThrow('signature')
})

test('a URL that is signed again has one signature', async () => {
  const again = await sign(await sign(), 'b', 60)
  expect(again.match(/sr-(key|exp|sig)=/g)).toHaveLength(3)
  await check(again)
})

test.each(['sr-sig', 'sr-exp', 'sr-key'])('without %s it is not signed', async (name) => {
  const url = (await sign()).replace(new RegExp(`&${name}=[^&]*`), '')
  await expect(check(url)).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' })
})

describe('the signer refuses', () => {
  test.each([
    ['https://img.example/cat.jpg', 3600, 'expected a URL with sr'],
    [URL_TO_SIGN, 0, 'expected an expiry within 366 days'],
    [URL_TO_SIGN, 367 * 86_400, 'expected an expiry within 366 days'],
    [URL_TO_SIGN, NaN, 'expected an expiry within 366 days'],
  ])('%s for %d s', async (url, expires, message) => {
    await expect(sign(url, 'a', expires)).rejects.toThrow(message)
  })
})
