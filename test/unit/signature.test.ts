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

test('the signature of a URL does not change between versions', async () => {
  const signature = 'bElwPJVt7d4Hx6Lv_MVVL9iK_coKtp7t94DILdppeLo'
  expect(await sign()).toBe(
    'https://img.example/a%20b/cat.jpg?w=300&x=%2F%2f&sr=3&sr-format=webp&sr-key=a&sr-exp=1767229200' +
      `&sr-sig=${signature}`,
  )
})

test('a signed URL is accepted, even over http or with our parameters in another order', async () => {
  const url = await sign()
  await check(url)
  await check(url.replace('https:', 'http:'))
  const [base, query] = url.split('?')
  const parts = query.split('&')
  const ours = parts.filter((part) => part.startsWith('sr')).toReversed()
  await check(`${base}?${[...ours, ...parts.filter((part) => !part.startsWith('sr'))].join('&')}`)
})

test('a URL is normalised before it is signed, because the worker receives it normalised', async () => {
  const spelled = 'HTTPS://IMG.Example:443/./a b/cat.jpg?w=300&sr=3&x=%2F%2f&sr-format=webp#part'
  expect(await sign(spelled)).toBe(await sign())
})

test('a signed URL is refused if any bit of it is changed', async () => {
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

test('a signed URL is refused if an empty part is added to its query, because the origin would get another URL', async () => {
  for (const query of ['sr=3', 'w=300&sr=3']) {
    const url = await sign(`https://img.example/cat.jpg?${query}`)
    await check(url)
    for (const other of [url.replace('?', '?&'), `${url}&`, url.replace('&', '&&')]) {
      await expect(check(other), other).rejects.toMatchObject({ code: 'SIGNATURE_WRONG' })
    }
  }
})

test('a signed URL expires at the second that sr-exp states', async () => {
  const url = await sign()
  await check(url, 1000 * END - 1)
  await expect(check(url, 1000 * END)).rejects.toMatchObject({ code: 'SIGNATURE_EXPIRED', status: 403 })
})

test('two keys are valid while one replaces the other, and a removed key is refused', async () => {
  const [old, next] = [await sign(URL_TO_SIGN, 'a'), await sign(URL_TO_SIGN, 'b')]
  for (const url of [old, next]) await check(url)
  await expect(check(old, NOW, { b: OTHER })).rejects.toMatchObject({ code: 'SIGNATURE_WRONG' })
  await expect(check(old.replace('sr-key=a', 'sr-key=b'))).rejects.toThrow('signature')
  await expect(check(old.replace('sr-key=a', 'sr-key=__proto__'))).rejects.toThrow('signature')
})

test('a URL that is signed twice has only the second signature', async () => {
  const again = await sign(await sign(), 'b', 60)
  expect(again.match(/sr-(key|exp|sig)=/g)).toHaveLength(3)
  await check(again)
})

test.each(['sr-sig', 'sr-exp', 'sr-key'])('a URL without %s counts as unsigned', async (name) => {
  const url = (await sign()).replace(new RegExp(`&${name}=[^&]*`), '')
  await expect(check(url)).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' })
})

describe('signUrl refuses', () => {
  test.each([
    ['https://img.example/cat.jpg', 3600, 'expected a URL with sr'],
    [URL_TO_SIGN, 0, 'expected an expiry within 366 days'],
    [URL_TO_SIGN, 367 * 86_400, 'expected an expiry within 366 days'],
    [URL_TO_SIGN, NaN, 'expected an expiry within 366 days'],
  ])('to sign %s for %d seconds', async (url, expires, message) => {
    await expect(sign(url, 'a', expires)).rejects.toThrow(message)
  })
})
