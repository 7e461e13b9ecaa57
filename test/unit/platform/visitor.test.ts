import { expect, test } from 'vitest'
import { addressOf } from '../../../worker/platform/visitor.ts'

const visitorFrom = (address: string) =>
  addressOf(new Request('http://site.test/', { headers: { 'cf-connecting-ip': address } }))

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1::2:3:4:5', '2001:db8:1:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::ffff:192.0.2.1', '0:0:0:0::/64'],
  ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
  ['fe80::', 'fe80:0:0:0::/64'],
])('the visitor of %s is %s', (address, visitor) => expect(visitorFrom(address)).toBe(visitor))

test('all addresses of one /64 are one visitor', () => {
  const all = ['2001:db8:a:b::', '2001:db8:a:b::1', '2001:db8:a:b:ffff:ffff:ffff:ffff', '2001:0db8:000a:000b:0:0:0:7']
  expect(new Set(all.map(visitorFrom)).size).toBe(1)
})

test('without an address there is no visitor', () => {
  expect(addressOf(new Request('http://site.test/'))).toBeUndefined()
  expect(visitorFrom(' ')).toBeUndefined()
})
