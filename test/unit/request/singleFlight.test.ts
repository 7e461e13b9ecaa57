import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFlights, type Flights, isLead, type Lead } from '../../../worker/request/singleFlight.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const LEASE_MS = 60_000

async function leadOf(flights: Flights<string>, key: string): Promise<Lead<string>> {
  const joined = await flights.join(key, 1000, LEASE_MS)
  if (!joined || !isLead(joined)) throw new Error('expected the lead')
  return joined
}

test('requests that join while another one leads get the value of the leader', async () => {
  const flights = createFlights<string>()
  const lead = await leadOf(flights, 'a')
  const followers = [flights.join('a', 1000, LEASE_MS), flights.join('a', 1000, LEASE_MS)]
  await vi.advanceTimersByTimeAsync(500)
  lead.land('picture')
  lead.land(undefined) // too late: the first value counts
  await vi.advanceTimersByTimeAsync(20)
  expect(await Promise.all(followers)).toEqual([{ value: 'picture' }, { value: 'picture' }])
  expect(await flights.join('a', 1000, LEASE_MS)).toEqual({ value: 'picture' })
  lead.forget()
  await leadOf(flights, 'a')
})

test('requests with different keys have different leaders', async () => {
  const flights = createFlights<string>()
  await leadOf(flights, 'a')
  await leadOf(flights, 'b')
})

test('a leader without a value releases its followers, and the next request leads', async () => {
  const flights = createFlights<string>()
  const lead = await leadOf(flights, 'a')
  const follower = flights.join('a', 1000, LEASE_MS)
  lead.land(undefined)
  await vi.advanceTimersByTimeAsync(20)
  expect(await follower).toEqual({ value: undefined })
  await leadOf(flights, 'a')
})

test('a leader is awaited as long as a follower waits', async () => {
  const flights = createFlights<string>()
  const lead = await leadOf(flights, 'a')
  expect(lead.isAwaited()).toBe(false)
  void flights.join('a', 3000, LEASE_MS)
  await vi.advanceTimersByTimeAsync(2500)
  expect(lead.isAwaited()).toBe(true)
  await vi.advanceTimersByTimeAsync(3000)
  expect([lead.isAwaited(), lead.isShared()]).toEqual([false, true])
})

test('a follower that waits too long gets undefined', async () => {
  const flights = createFlights<string>()
  await leadOf(flights, 'a')
  const follower = flights.join('a', 1000, LEASE_MS)
  await vi.advanceTimersByTimeAsync(1020)
  expect(await follower).toBeUndefined()
})

test('a leader that never finishes loses its lead when its lease expires', async () => {
  const flights = createFlights<string>()
  await leadOf(flights, 'a')
  await vi.advanceTimersByTimeAsync(59_000)
  const follower = flights.join('a', 5000, LEASE_MS)
  await vi.advanceTimersByTimeAsync(1020)
  const joined = await follower
  expect(joined && isLead(joined)).toBe(true)
  await vi.advanceTimersByTimeAsync(61_000)
  await leadOf(flights, 'a') // the next leader loses its lead as well
})
