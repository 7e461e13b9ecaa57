// A short soak test; `npm run soak` runs the long one.
import { expect, test } from 'vitest'
import { type SoakOptions, soak } from '../soak/soak.ts'

const SHORT: SoakOptions = {
  requests: 300,
  seed: 1,
  warmUp: 60,
  hotPictures: 9,
  burst: 20,
  latencySeconds: 1,
  rounds: 1,
  hitsPerRound: 50,
}

test('three hundred requests of every kind get the right answers', async () => {
  const { outcomes, problems, distinctMisses, burst, start, end, beside, throughput } = await soak(SHORT)
  expect(Object.fromEntries(problems)).toEqual({})
  const kinds = ['hit', 'miss', 'burst', 'damaged', 'refused', 'failing', 'wrong', 'leaves', 'plain', 'again']
  expect([...outcomes.keys()]).toEqual(expect.arrayContaining(kinds))
  expect(outcomes.get('leaves')?.get('left')).toBeGreaterThan(0)
  expect(burst.done + burst.busy).toBe(20)
  expect(distinctMisses).toBeGreaterThan(20)
  expect(end.isolate - start.isolate).toBeLessThan(20e6) // after so short a warm-up the memory still grows
  expect(beside?.hitMs.length).toBeGreaterThan(10)
  expect(throughput[0].rows.map(({ name }) => name)).toEqual(['bare Hono', 'ours'])
})

test('a wrong answer is counted as a problem of its kind', async () => {
  // After the warm-up, every twentieth answer of the worker becomes a 500, and every tenth gets one changed byte.
  const prelude = `{
    const { Response } = globalThis
    let count = 0
    const changed = (bytes) => (bytes.length > 300 ? bytes.with(290, bytes[290] ^ 1) : bytes)
    const changing = () => new TransformStream({ transform: (bytes, to) => to.enqueue(changed(bytes)) })
    const make = (target, [body, init]) => {
      const n = init && !(init instanceof Response) && init.headers && ++count > 60 ? count : 1
      if (n % 20 === 0) return new target('broken', { status: 500 })
      if (n % 10 === 0 && body instanceof Uint8Array) body = changed(body)
      if (n % 10 === 0 && body instanceof ReadableStream) body = body.pipeThrough(changing())
      return new target(body, init)
    }
    globalThis.Response = new Proxy(Response, { construct: make })
  }`
  const { problems } = await soak({
    ...SHORT,
    requests: 150,
    latencySeconds: 0,
    rounds: 0,
    prelude,
  })
  expect(problems.get('a 5xx of our own')?.count).toBeGreaterThan(0)
  expect(problems.get('other bytes than before')?.examples[0]).toMatch(/^GET \/kept\//)
})
