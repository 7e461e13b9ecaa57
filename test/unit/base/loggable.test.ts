import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { loggableError, loggableUrl } from '../../../worker/base/loggable.ts'

const SECRET = 'token=secret'

test.each([
  ['https://img.example/cat.jpg', 'https://img.example/cat.jpg'],
  [`https://img.example/cat.jpg?${SECRET}`, 'https://img.example/cat.jpg'],
  [`https://img.example/cat.jpg#${SECRET}`, 'https://img.example/cat.jpg'],
  [`https://img.example?a?${SECRET}#b`, 'https://img.example'],
  [`https://img.example/a?b\n${SECRET}`, 'https://img.example/a'],
  [`https://ann:${SECRET}@img.example/cat.jpg`, 'https://img.example/cat.jpg'],
  [`//ann@img.example/@a?${SECRET}`, '//img.example/@a'],
  [`/cat.jpg?${SECRET}`, '/cat.jpg'],
])('the URL %j is logged as %s', (url, expected) => expect(loggableUrl(url)).toBe(expected))

describe('the log of an error', () => {
  const thrown = (work: () => unknown): unknown => {
    try {
      return work()
    } catch (error) {
      return error
    }
  }
  const circle = new Error(`at https://img.example/a?${SECRET}`)
  circle.cause = circle

  test.each<[string, unknown]>([
    ['of new URL()', thrown(() => new URL(`//img.example/cat.jpg?${SECRET}`))],
    ['of new Request()', thrown(() => new Request(`/cat.jpg?${SECRET}`))],
    ['of new Request() with credentials', thrown(() => new Request(`https://ann:${SECRET}@img.example/`))],
    ['of fetch()', new TypeError(`Fetch API cannot load: https://img.example/cat.jpg?a='b'&${SECRET}`)],
    ['with the URL in quotes', new Error(`{"url":"https://img.example/?${SECRET}"}`)],
    ['with an IPv6 address', new Error(`no answer from http://[::1]?${SECRET}`)],
    ['with a fragment', new Error(`/cat.jpg#${SECRET} is wrong`)],
    ['with causes', new Error('a', { cause: new Error('b', { cause: new Error(`https://c.example/?${SECRET}`) }) })],
    ['with a text as cause', new Error('a', { cause: `https://c.example/?${SECRET}` })],
    ['that is its own cause', circle],
    ['that is a text', `https://c.example/?${SECRET}`],
  ])('%s has no query, credentials or fragment of a URL', (_, error) => {
    expect(inspect(error)).toContain('secret')
    expect(loggableError(error)).not.toContain('secret')
  })

  test('has the messages, places and causes, so that a bug can be found', () => {
    const text = loggableError(
      new Error('no picture?', { cause: new RangeError('too large at https://a.example/b?c=d') }),
    )
    expect(text).toContain('Error: no picture?')
    expect(text).toContain('loggable.test.ts')
    expect(text).toContain('caused by RangeError: too large at https://a.example/b?…')
  })
})
