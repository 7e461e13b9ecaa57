import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Checks, rememberChecks } from '../../../worker/request/health.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Returns a look that takes a second, and how often it was asked for. */
function slowLook() {
  let looks = 0
  const check = async (): Promise<Checks> => {
    const number = ++looks
    await new Promise((resolve) => setTimeout(resolve, 1000))
    return { bucket: `look ${number}` }
  }
  return { check, looks: () => looks }
}

test('a hundred requests in ten seconds cost one look, the simultaneous ones and the later ones', async () => {
  const { check, looks } = slowLook()
  const remembered = rememberChecks(check)
  const first = Array.from({ length: 50 }, remembered)
  await vi.advanceTimersByTimeAsync(1100)
  expect(new Set((await Promise.all(first)).map(({ bucket }) => bucket))).toEqual(new Set(['look 1']))
  for (let i = 0; i < 50; i++) {
    await vi.advanceTimersByTimeAsync(170)
    expect(await remembered()).toEqual({ bucket: 'look 1' })
  }
  expect(looks()).toBe(1)
})

test('after ten seconds the next request looks again', async () => {
  const { check } = slowLook()
  const remembered = rememberChecks(check)
  const first = remembered()
  await vi.advanceTimersByTimeAsync(10_001)
  const second = remembered()
  await vi.advanceTimersByTimeAsync(1100)
  expect([await first, await second]).toEqual([{ bucket: 'look 1' }, { bucket: 'look 2' }])
})

test('a request whose look never ends, because its visitor has left, holds up others for three seconds at most', async () => {
  let looks = 0
  const remembered = rememberChecks(() =>
    ++looks === 1 ? new Promise<never>(() => {}) : Promise.resolve({ bucket: 'ok' }),
  )
  void remembered()
  const next = remembered()
  await vi.advanceTimersByTimeAsync(3100)
  expect(await next).toEqual({ bucket: 'ok' })
})

test('a look that fails is not remembered', async () => {
  let looks = 0
  const remembered = rememberChecks(() =>
    ++looks === 1 ? Promise.reject(new Error('no')) : Promise.resolve({ bucket: 'ok' }),
  )
  await expect(remembered()).rejects.toThrow('no')
  expect(await remembered()).toEqual({ bucket: 'ok' })
})
