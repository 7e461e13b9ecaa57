import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFlights, type Flights, isLead, type Lead } from '../../../worker/request/singleFlight.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

async function leadOf(flights: Flights<string>, key: string): Promise<Lead<string>> {
  const joined = await flights.join(key, 1000)
  if (!joined || !isLead(joined)) throw new Error('expected the lead')
  return joined
}

test('those who come while somebody leads get what the leader leaves', async () => {
  const flights = createFlights<string>()
  const lead = await leadOf(flights, 'a')
  const followers = [flights.join('a', 1000), flights.join('a', 1000)]
  await vi.advanceTimersByTimeAsync(500)
  lead.land('picture')
  lead.land(undefined) // comes too late
  await vi.advanceTimersByTimeAsync(20)
  expect(await Promise.all(followers)).toEqual([{ value: 'picture' }, { value: 'picture' }])
  expect(await flights.join('a', 1000)).toEqual({ value: 'picture' })
  lead.forget()
  await leadOf(flights, 'a')
})

test('other keys have leads of their own', async () => {
  const flights = createFlights<string>()
  await leadOf(flights, 'a')
  await leadOf(flights, 'b')
})

test('a leader that leaves nothing lets its followers go, and the next one leads', async () => {
  const flights = createFlights<string>()
  const lead = await leadOf(flights, 'a')
  const follower = flights.join('a', 1000)
  lead.land(undefined)
  await vi.advanceTimersByTimeAsync(20)
  expect(await follower).toEqual({ value: undefined })
  await leadOf(flights, 'a')
})

test('who waits too long is told so', async () => {
  const flights = createFlights<string>()
  await leadOf(flights, 'a')
  const follower = flights.join('a', 1000)
  await vi.advanceTimersByTimeAsync(1020)
  expect(await follower).toBeUndefined()
})

test('a leader that is never heard of again loses its lead', async () => {
  const flights = createFlights<string>()
  await leadOf(flights, 'a')
  await vi.advanceTimersByTimeAsync(59_000)
  const follower = flights.join('a', 5000)
  await vi.advanceTimersByTimeAsync(1020)
  const joined = await follower
  expect(joined && isLead(joined)).toBe(true)
  await vi.advanceTimersByTimeAsync(61_000)
  await leadOf(flights, 'a') // and so does the next
})
