// Tests which redirects are followed. The target is parsed before it is compared and fetched, so that no unusual
// spelling of a forbidden address, host or origin gets through.
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../../worker/base/errors.ts'
import { createOrigin, mayFollow } from '../../../worker/origin/origin.ts'

const OWN = 'https://img.example'
const HOSTS = ['cdn.example', 'xn--bcher-kva.example']
const BASE = `${OWN}/a/cat.jpg`

/** Returns true if a redirect to `location` is followed. Parses it as worker/origin/origin.ts does. */
const follows = (location: string, own = OWN, hosts = HOSTS) =>
  URL.canParse(location, BASE) && mayFollow(new URL(location, BASE), own, hosts)

test.each([
  '/b.jpg',
  'b.jpg?x=1',
  '//img.example/b.jpg',
  'https://img.example/b.jpg',
  'https://IMG.EXAMPLE:443/b.jpg',
  'https://img。example/b.jpg',
  'https://%69mg.example/b.jpg',
  'https:\\\\img.example\\b.jpg',
  'https://cdn.example/b.jpg',
  'https://bücher.example/b.jpg',
])('a redirect to %s is followed', (location) => expect(follows(location)).toBe(true))

describe('a redirect is not followed to', () => {
  test.each([
    // Hosts that are not allowed, in various spellings
    'https://evil.example/',
    '//evil.example/',
    '\\\\evil.example/',
    '/\\evil.example/',
    'https:/\\evil.example',
    'https://img.example.evil.example/',
    'https://evilimg.example/',
    'https://img.example.',
    'https://img.example./b',
    'https://img..example/',
    'https://cdn.example./',
    'https://sub.cdn.example/',
    'https://cdn.example.evil/',
    'https://cdn.examples/',
    'https://cdn-example/',
    'https://img.example%2eevil.example/',
    'https://xn--bcher-kva.example.evil/',
    // URLs with credentials, another port or another scheme
    'https://a@img.example/',
    'https://a:b@cdn.example/',
    'https://img.example@evil.example/',
    'https://:p@img.example/',
    'https://img.example:444/',
    'https://cdn.example:8443/',
    'https://cdn.example:80/',
    'http://img.example/',
    'http://cdn.example/',
    'ftp://img.example/',
    'data:image/png;base64,AA',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'blob:https://img.example/1',
    'ws://img.example/',
    'about:blank',
    'gopher://img.example/',
    'https:///',
    'https://',
    // Addresses of this machine and of private networks
    'http://localhost/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://localtest/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://127.0.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://127.0.0.1.',
    'https://0/',
    'https://0.0.0.0/',
    'https://00000000/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.0.1/',
    'https://192.168.1/',
    'https://100.64.0.1/',
    'https://169.254.169.254/',
    'https://0xa9fea9fe/',
    'https://2852039166/',
    'https://①②⑦.0.0.1/',
    'https://１２７.0.0.1/',
    'https://%31%32%37.0.0.1/',
    'https://127。0。0。1/',
    'https://[::1]/',
    'https://[::]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[64:ff9b:1::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[2001:0:7f00:1::]/',
    'https://[fe80::1]/',
    'https://[fe80::1%25eth0]/',
    'https://[fc00::1]/',
    'https://[fd00:ec2::254]/',
    'https://[::1]:443/',
    'https://metadata.google.internal/',
    'https://instance-data/',
    'https://kubernetes.default.svc/',
  ])('%s', (location) => expect(follows(location)).toBe(false))
})

test('a redirect to HTTP is followed if ORIGIN_URL uses HTTP, and a redirect to an IP address only if ORIGIN_URL has this address and port', () => {
  expect(mayFollow(new URL('http://cdn.example/'), 'http://img.example', HOSTS)).toBe(true)
  expect(mayFollow(new URL('http://10.0.0.1:8080/b'), 'http://10.0.0.1:8080', HOSTS)).toBe(true)
  expect(mayFollow(new URL('http://10.0.0.1:8081/b'), 'http://10.0.0.1:8080', HOSTS)).toBe(false)
})

test.each([
  'https://img.example?',
  'https://img.example/#',
  'https://img.example/a?b',
  'https://user:password@img.example',
  'ftp://img.example',
  'img.example',
  '',
])('ORIGIN_URL with "%s" is refused at start', (url) => {
  expect(() => createOrigin(url, 1000)).toThrow(ConfigError)
})

test.each([
  '127.0.0.1',
  '2130706433',
  '0x7f.1',
  '[::1]',
  'localhost',
  'CDN.example',
  'cdn.example.',
  'cdn.example:443',
  'https://cdn.example',
  'cdn.example/a',
  '*.example',
  'bücher.example',
  'a@b.example',
  '',
])('ORIGIN_HOSTS with "%s" is refused at start', (host) => {
  expect(() => createOrigin(OWN, 1000, [host])).toThrow(ConfigError)
})
