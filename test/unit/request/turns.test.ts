import { expect, test, vi } from 'vitest'
import { createTurns, longestMs, type TurnLimits, type Turns } from '../../../worker/request/turns.ts'

const LIMITS: TurnLimits = {
  maxRunning: 1,
  maxWaiting: 100,
  maxWaitMs: 10_000,
  maxCpuMs: 10_000,
  maxMemoryBytes: 100e6,
  maxHeldBytes: 32e6,
  sourceTimeoutMs: 20_000,
}

interface Asked {
  readonly visitor?: string
  readonly cpuMs?: number
  readonly memoryBytes?: number
  readonly bytes?: number
  /** Number of slabs, after each of which the work pauses. */
  readonly slabs?: number
  readonly limits?: Partial<TurnLimits>
  readonly isWanted?: () => boolean
}

/** Asks for a picture whose work writes `name` to `log` for each slab. Returns whether it was made. */
async function make(turns: Turns, log: string[], name: string, asked: Asked = {}): Promise<boolean> {
  const { visitor = '', cpuMs = 100, memoryBytes = 20e6, bytes = 100e3, slabs = 1, isWanted } = asked
  const limits = { ...LIMITS, ...asked.limits }
  const source = turns.holdSource(visitor, limits)
  const turn = turns.enter({ visitor, cpuMs, memoryBytes }, source, limits, isWanted)
  try {
    if (!turn || !(await turn.roomFor(bytes)) || !(await turn.begin({ cpuMs, memoryBytes }))) return false
    for (let slab = 1; slab <= slabs; slab++) {
      log.push(name)
      await new Promise((resolve) => setTimeout(resolve, 5))
      await turn.pause(slab / slabs)
    }
    return true
  } finally {
    turn?.end()
    source.release()
  }
}

/** Lets `make` go as far as it can without a timer. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

test('pictures of one visitor are made one at a time, in the order of their arrival if they cost the same', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const made = await Promise.all(['a', 'b', 'c'].map((name) => make(turns, log, name, { slabs: 2 })))
  expect(made).toEqual([true, true, true])
  expect(log).toEqual(['a', 'a', 'b', 'b', 'c', 'c'])
})

test('maxRunning pictures are made at the same time', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  await Promise.all(['a', 'b', 'c'].map((name) => make(turns, log, name, { slabs: 8, limits: { maxRunning: 2 } })))
  expect(log.indexOf('b')).toBeLessThan(log.lastIndexOf('a'))
  expect(log.indexOf('c')).toBeGreaterThan(log.lastIndexOf('a'))
})

test('a long picture pauses between its slabs for cheaper ones, and is made to its end afterwards', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const long = make(turns, log, 'long', { cpuMs: 2000, slabs: 4 })
  await settle()
  const short = ['a', 'b'].map((name) => make(turns, log, name))
  expect(await Promise.all([long, ...short])).toEqual([true, true, true])
  expect(log).toEqual(['long', 'a', 'b', 'long', 'long', 'long'])
})

test('a long picture does not pause for one whose memory would not fit beside its own', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const long = make(turns, log, 'long', { cpuMs: 2000, slabs: 3, memoryBytes: 90e6 })
  await settle()
  const short = make(turns, log, 'short')
  expect(await Promise.all([long, short])).toEqual([true, true])
  expect(log).toEqual(['long', 'long', 'long', 'short'])
})

test('a long picture waits at most for as much work of its visitor as its own', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const first = make(turns, log, 'first')
  const long = make(turns, log, 'long', { cpuMs: 350 })
  const shortOnes = async () => {
    for (let i = 0; i < 5; i++) await make(turns, log, 'short')
  }
  await Promise.all([first, long, shortOnes(), shortOnes()]) // so one of them always waits
  expect(log.indexOf('long')).toBeGreaterThan(2)
  expect(log.indexOf('long')).toBeLessThan(8)
})

test('turns go round by visitor: one picture does not wait for all those of another visitor', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const many = Array.from({ length: 10 }, () => make(turns, log, 'many', { visitor: 'many' }))
  await settle()
  const one = make(turns, log, 'one', { visitor: 'one' })
  expect((await Promise.all([one, ...many])).every(Boolean)).toBe(true)
  expect(log.indexOf('one')).toBeLessThanOrEqual(2)
})

test('a visitor who asks for dear pictures again and again does not delay the cheap ones of others', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const dear = Array.from({ length: 3 }, () => make(turns, log, 'dear', { visitor: 'x', cpuMs: 4000, slabs: 5 }))
  await settle()
  const cheap = Array.from({ length: 6 }, () => make(turns, log, 'cheap', { visitor: 'y' }))
  await Promise.all([...dear, ...cheap])
  expect(log.slice(0, 7)).toEqual(['dear', ...Array.from({ length: 6 }, () => 'cheap')])
})

test('a picture is refused at once if the work before it would take longer than maxWaitMs', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const taken = Array.from({ length: 3 }, () => make(turns, log, 'taken', { cpuMs: 5000 }))
  await settle()
  expect(await make(turns, log, 'refused', { cpuMs: 5000 })).toBe(false)
  // A cheap one comes before them, and another visitor has only a share of their work before it.
  expect(await make(turns, log, 'cheap')).toBe(true)
  expect(await make(turns, log, 'other', { cpuMs: 5000, visitor: 'other' })).toBe(true)
  expect(await Promise.all(taken)).toEqual([true, true, true])
})

test('no more than maxWaiting pictures wait', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const first = make(turns, log, 'first')
  await settle()
  const others = ['a', 'b', 'c'].map((name) => make(turns, log, name, { limits: { maxWaiting: 2 } }))
  expect(await Promise.all([first, ...others])).toEqual([true, true, true, false])
})

test('several sources together hold at most half of maxHeldBytes, and a picture waits until its source fits', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const large = ['a', 'b', 'c'].map((name) => make(turns, log, name, { bytes: 7e6 }))
  await settle()
  const other = turns.holdSource('', LIMITS)
  expect([other.tryHold(19e6), other.tryHold(18e6)]).toEqual([false, true]) // a and b hold 14 MB
  other.release()
  expect(await Promise.all(large)).toEqual([true, true, true])
  expect(log).toEqual(['a', 'b', 'c'])
})

test('headers have room beside all sources, half of it for one visitor, and wait until there is some', async () => {
  const turns = createTurns()
  expect(turns.holdSource('a', LIMITS).tryHold(LIMITS.maxHeldBytes)).toBe(true)
  const heads = Array.from({ length: 5 }, () => turns.holdSource('a', LIMITS))
  const room = heads.map((head) => head.roomForHead(1e6)) // 0.15 * 32 MB: four of them
  expect(await turns.holdSource('b', LIMITS).roomForHead(1e6)).toBe(true)
  const waits = await Promise.race([room[4], new Promise((resolve) => setTimeout(resolve, 60, 'waits'))])
  expect(waits).toBe('waits')
  heads[0].release()
  expect(await Promise.all(room)).toEqual([true, true, true, true, true])
})

test('the largest source is read beside the first bytes of others', async () => {
  const turns = createTurns()
  const other = turns.holdSource('', LIMITS)
  expect(other.tryHold(1e6)).toBe(true)
  expect(await make(turns, [], 'largest', { bytes: LIMITS.maxHeldBytes })).toBe(true)
})

test('a source is read only if the largest work that waits fits beside it', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const large = make(turns, log, 'large', { memoryBytes: 70e6, slabs: 3 })
  await settle()
  const others = ['a', 'b'].map((name) => make(turns, log, name, { bytes: 8e6, cpuMs: 50 }))
  await settle()
  const source = turns.holdSource('', LIMITS)
  expect(source.tryHold(LIMITS.maxHeldBytes - 9e6)).toBe(true) // only one of the two is read
  source.release()
  expect(await Promise.all([large, ...others])).toEqual([true, true, true])
})

test.each([
  ['much memory', { memoryBytes: 90e6 }],
  ['a large source', { bytes: 31e6 }],
])('a picture with %s is not passed over for ever by small ones that keep coming', async (_, asked) => {
  const [turns, log] = [createTurns(), [] as string[]]
  const large: { isMade?: boolean } = {}
  const small = async () => {
    while (large.isMade === undefined && log.length < 500) await make(turns, log, 'small', { visitor: 'small' })
  }
  const flow = [small(), small(), small()]
  await settle()
  large.isMade = await make(turns, log, 'large', { ...asked, cpuMs: 500 })
  await Promise.all(flow)
  expect(large.isMade).toBe(true)
  expect(log.length).toBeLessThan(40)
})

test('if two pictures do not fit beside the source of the other one, they are made one after the other', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const both = ['a', 'b'].map((name) => make(turns, log, name, { memoryBytes: 90e6, bytes: 14e6 }))
  expect(await Promise.all(both)).toEqual([true, true])
})

test('a picture whose visitor has left is given up before its work begins, and not afterwards', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  let isWanted = true
  const running = make(turns, log, 'running', { slabs: 3, isWanted: () => isWanted })
  await settle()
  const waiting = make(turns, log, 'waiting', { isWanted: () => isWanted })
  await settle()
  isWanted = false
  expect(await Promise.all([running, waiting])).toEqual([true, false])
  expect(log).toEqual(['running', 'running', 'running'])
})

test('work that fails leaves its place', async () => {
  const [turns, log] = [createTurns(), [] as string[]]
  const source = turns.holdSource('', LIMITS)
  const turn = turns.enter({ visitor: '', cpuMs: 9999, memoryBytes: 90e6 }, source, LIMITS)!
  await turn.begin({ cpuMs: 9999, memoryBytes: 90e6 })
  turn.end()
  source.release()
  expect(await make(turns, log, 'next')).toBe(true)
})

test('a place whose request was ended while it waited is passed over', async () => {
  let clock = 0
  const [turns, log] = [createTurns(() => clock), [] as string[]]
  const running = make(turns, log, 'running', { slabs: 10 })
  await settle()
  const source = turns.holdSource('', LIMITS)
  const ended = turns.enter({ visitor: '', cpuMs: 50, memoryBytes: 20e6 }, source, LIMITS)!
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  void ended.begin({ cpuMs: 50, memoryBytes: 20e6 }) // its timers never come
  vi.useRealTimers()
  clock = 6000
  await running
  expect(await make(turns, log, 'next')).toBe(true)
})

test('a request that the runtime ended loses its place and its bytes when its lease expires', async () => {
  let clock = 0
  const turns = createTurns(() => clock)
  const source = turns.holdSource('', LIMITS)
  source.tryHold(32e6)
  const turn = turns.enter({ visitor: '', cpuMs: 9000, memoryBytes: 90e6 }, source, LIMITS)!
  await turn.begin({ cpuMs: 9000, memoryBytes: 90e6 }) // and never ends
  const next = make(turns, [], 'next')
  await new Promise((resolve) => setTimeout(resolve, 30))
  clock = longestMs(LIMITS) - 1
  expect(turns.holdSource('', LIMITS).tryHold(1)).toBe(false)
  clock = longestMs(LIMITS)
  expect(await make(turns, [], 'new')).toBe(true)
  expect(await next).toBe(false) // its lease, from the same moment, has expired, too
})
