import { expect, test } from 'vitest'
import { createSlots } from '../../../worker/request/slots.ts'

const LIMITS = { maxRunning: 1, maxWaiting: 2, maxWaitMs: 5_000 }

/** Returns a job that runs until `end` is called. */
function job<T>(value: T) {
  let end = () => {}
  const promise = new Promise<T>((resolve) => (end = () => resolve(value)))
  return { run: () => promise, end: () => end() }
}

test('one job runs at a time, and the waiting jobs run in the order of their arrival', async () => {
  const slots = createSlots()
  const log: string[] = []
  const first = job('first')
  const running = slots.run(LIMITS, first.run)
  const waiting = ['second', 'third'].map((name) => slots.run(LIMITS, async () => log.push(name)))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(log).toEqual([])
  first.end()
  expect(await running).toEqual({ value: 'first' })
  await Promise.all(waiting)
  expect(log).toEqual(['second', 'third'])
})

test('at most maxRunning jobs run at the same time', async () => {
  const slots = createSlots()
  const jobs = [job(1), job(2)]
  const running = jobs.map(({ run }) => slots.run({ ...LIMITS, maxRunning: 2 }, run))
  const third = slots.run({ ...LIMITS, maxRunning: 2, maxWaiting: 0 }, async () => 3)
  expect(await third).toBeUndefined()
  for (const { end } of jobs) end()
  expect(await Promise.all(running)).toEqual([{ value: 1 }, { value: 2 }])
})

test('a job is turned away at once if maxWaiting others are waiting', async () => {
  const slots = createSlots()
  const first = job(1)
  const running = slots.run(LIMITS, first.run)
  const waiting = [1, 2].map(() => slots.run(LIMITS, async () => 2))
  expect(await slots.run(LIMITS, async () => 3)).toBeUndefined()
  first.end()
  await Promise.all([running, ...waiting])
})

test('a job that waits longer than maxWaitMs is turned away, and the running job keeps its slot', async () => {
  const slots = createSlots()
  const first = job(1)
  const running = slots.run(LIMITS, first.run)
  expect(await slots.run({ ...LIMITS, maxWaitMs: 30 }, async () => 2)).toBeUndefined()
  first.end()
  expect(await running).toEqual({ value: 1 })
})

test('a job that fails releases its slot', async () => {
  const slots = createSlots()
  await expect(slots.run(LIMITS, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await slots.run(LIMITS, async () => 2)).toEqual({ value: 2 })
})

test('a job whose visitor has left loses its slot when its lease ends', async () => {
  let clock = 0
  const slots = createSlots(() => clock)
  void slots.run(LIMITS, () => new Promise(() => {})) // a cancelled request: never settles
  expect(await slots.run({ ...LIMITS, maxWaiting: 0, maxWaitMs: 0 }, async () => 2)).toBeUndefined()
  clock = 60_000
  expect(await slots.run(LIMITS, async () => 3)).toEqual({ value: 3 })
})
