// Gives each picture its turn, because decoding, the network and encoding share an isolate's one thread and its 128 MB.
//
// Whether a picture is taken is decided at once, from estimates (picture/cost.ts): it is taken if the work before it ends
// within maxWaitMs. Its source is read when there is room for it, and its work begins when nothing that is running or
// before it needs the time or the memory. Long work pauses between its slabs for work that is before it.
//
// The order is fair between visitors. A visitor's clock counts the work that was done for this visitor, and starts at the
// lowest clock of the others. The visitor whose clock would be lowest after their next picture is next (self-clocked fair
// queueing: Golestani, INFOCOM 1994). The pictures of one visitor are ordered by the visitor's clock at arrival plus their
// own work. So small pictures come before large ones, but a large one waits at most for its own work's worth of others.
//
// A waiting request looks on a timer of its own whether it may go on, and never awaits another request's promise, because
// in Workers the promises of a cancelled request never settle. For the same reason all that is held here is a lease that
// expires: otherwise a request that the runtime ended would hold its place for ever.
import type { Settings } from '../options.ts'
import { BASE_BYTES } from '../picture/cost.ts'

export type TurnLimits = Pick<
  Settings,
  'maxRunning' | 'maxWaiting' | 'maxWaitMs' | 'maxCpuMs' | 'maxMemoryBytes' | 'maxHeldBytes' | 'sourceTimeoutMs'
>

/** The work on one picture, as estimated. */
export interface Work {
  /** Name of the visitor who asks for it. Visitors without a name count as one. */
  readonly visitor: string
  readonly cpuMs: number
  readonly memoryBytes: number
}

export interface Turns {
  /** Starts to count the bytes of a source. */
  holdSource(visitor: string, limits: TurnLimits): HeldSource
  /**
   * Takes a place in the queue. Returns undefined if the work before it would take longer than maxWaitMs. The place is
   * given up when `isWanted` returns false before the work has begun.
   */
  enter(work: Work, source: HeldSource, limits: TurnLimits, isWanted?: () => boolean): Turn | undefined
}

/** The bytes of a source that are in memory, or will be. */
export interface HeldSource {
  /** Waits for room for the first `bytes`, to read the header. Resolves with false if there is none for HEAD_WAIT_MS. */
  roomForHead(bytes: number): Promise<boolean>
  /** Holds `bytes` instead of what was held. Returns false, and changes nothing, if all sources then exceed maxHeldBytes. */
  tryHold(bytes: number): boolean
  /** Holds the `bytes` that were read, instead of those for which there was room. */
  resize(bytes: number): void
  release(): void
}

/** A place in the queue. Every place must be left by `end`. */
export interface Turn {
  /** Waits until the whole source can be held. Resolves with false if the place was given up meanwhile. */
  roomFor(bytes: number): Promise<boolean>
  /**
   * Waits until the work may begin, whose cost may be known better now. Resolves with undefined if the place was given up
   * meanwhile.
   */
  begin(cost: Omit<Work, 'visitor'>): Promise<{ readonly hasWaited: boolean } | undefined>
  /** Pauses the work for work that is before it. `share` of the work is done, 0..1. */
  pause(share: number): Promise<void>
  end(): void
}

/** A machine may be this many times as slow as the one for which work is estimated. */
const SLOWEST = 3
/** Shortest and longest time between two looks. Whoever has much work before them looks less often. */
const LOOK_AGAIN_MS = { least: 4, most: 100 }
const LOOKS_PER_WAIT = 8
/** A place that has not looked for so long has lost its request. No work blocks its timer for longer. */
const LOST_MS = 5_000
/** Memory of an isolate with several requests besides: idle memories of codecs, and garbage. */
const BESIDE_BYTES = 20e6
/** Sources up to this size are read even if a larger one waits for room, or holds all of it: there is some room for them. */
const SMALL_SOURCE_BYTES = 2 ** 18
const SMALL_SOURCES_BYTES = 4e6
/** Share of maxHeldBytes that several sources may fill. A larger one is read when no other is held. */
const READ_AHEAD_SHARE = 0.5
/** Share of maxHeldBytes that may be held besides, of sources whose header is being read; half of it for one visitor. */
const HEADS_SHARE = 0.3
const HEAD_WAIT_MS = 5_000

interface Visitor {
  readonly name: string
  clockMs: number
}

interface Place {
  readonly visitor: Visitor
  readonly limits: TurnLimits
  readonly source: Source
  memoryBytes: number
  /** The visitor's clock at arrival, plus the work. */
  readonly tag: number
  remainingMs: number
  /** `reading`: the source is not there yet. */
  state: 'reading' | 'waiting' | 'running' | 'paused'
  /** Bytes for which the place waits. */
  wantedBytes: number
  /** When the place last looked whether it may go on. */
  lookedAt: number
  /** Work of all visitors after which this place has waited for longer than was estimated, on the isolate's clock. */
  dueMs: number
  /** When the lease expires. */
  readonly until: number
}

interface Source extends HeldSource {
  readonly visitor: string
  bytes: number
  /** True if the whole source is held, or will be; false if only its header is read. */
  isWhole: boolean
  readonly until: number
}

/** Returns the longest time in ms that a picture takes from its arrival to its result. */
export function longestMs({ maxWaitMs, maxCpuMs, sourceTimeoutMs }: TurnLimits): number {
  return sourceTimeoutMs + SLOWEST * (maxWaitMs + maxCpuMs)
}

export function createTurns(now: () => number = Date.now): Turns {
  let places: Place[] = []
  let sources: Source[] = []
  /** Clock of a visitor who comes when nobody else is there. */
  let clockMs = 0
  /** The isolate's clock: all work that was done. */
  let doneMs = 0

  function dropExpired(): void {
    places = places.filter(({ until }) => now() < until)
    sources = sources.filter(({ until }) => now() < until)
  }

  const heldBytes = () => bytesOf(sources.filter(({ isWhole }) => isWhole))

  /** Returns the visitor of this name, whose clock is not behind all others. */
  function visitorOf(name: string): Visitor {
    const known = places.find(({ visitor }) => visitor.name === name)
    if (known) return known.visitor
    moveClock()
    return { name, clockMs }
  }

  /** Moves the clock on to the lowest one of the visitors who are there. */
  function moveClock(): void {
    if (places.length > 0) clockMs = Math.max(clockMs, Math.min(...places.map(({ visitor }) => visitor.clockMs)))
  }

  /** Adds work that was done to the clock of its visitor. */
  function charge(place: Place, remainingMs: number): void {
    const ms = Math.max(0, place.remainingMs - remainingMs)
    doneMs += ms
    place.visitor.clockMs += ms
    place.remainingMs = Math.min(place.remainingMs, remainingMs)
    moveClock()
  }

  /** Returns how much work is done before that of `place`, in ms, if nobody else comes. */
  function msBefore(place: Place): number {
    const { visitor, tag, remainingMs, limits } = place
    let own = 0
    let isLater = false
    const byOthers = new Map<Visitor, number>()
    for (const other of places) {
      if (other === place) isLater = true
      else if (other.visitor !== visitor) {
        byOthers.set(other.visitor, (byOthers.get(other.visitor) ?? 0) + other.remainingMs)
      } else if (other.tag < tag || (other.tag === tag && !isLater)) own += other.remainingMs
    }
    // Until a visitor's clock has come as far as this place's will, that visitor's work comes first.
    const end = visitor.clockMs + own + remainingMs
    const others = [...byOthers].map(([{ clockMs: clock }, ms]) => Math.min(ms, Math.max(0, end - clock)))
    return (own + sum(others)) / limits.maxRunning
  }

  /** Returns the first waiting place of each visitor that `has` accepts, in the order in which they are served. */
  function inOrder(has: (place: Place) => boolean): Place[] {
    const firstOf = new Map<Visitor, Place>()
    for (const place of places) {
      if (now() - place.lookedAt > LOST_MS || !has(place)) continue
      const first = firstOf.get(place.visitor)
      if (!first || place.tag < first.tag) firstOf.set(place.visitor, place)
    }
    const clockAfter = ({ visitor, remainingMs }: Place) => visitor.clockMs + remainingMs
    return [...firstOf.values()].toSorted((a, b) => clockAfter(a) - clockAfter(b))
  }

  /** Returns whether the work of `begun` fits into memory, beside the sources of all others, of which `more` bytes come. */
  function isWithinMemory(begun: readonly Place[], limits: TurnLimits, more = 0): boolean {
    const own = begun.map(({ source }) => source) // the estimates contain them
    const others = bytesOf(sources.filter((source) => !own.includes(source)))
    const work = sum(begun.map(({ memoryBytes }) => memoryBytes)) - BASE_BYTES * (begun.length - 1)
    const isAlone = begun.length === 1 && others + more === 0
    return work + others + more <= limits.maxMemoryBytes - (isAlone ? 0 : BESIDE_BYTES)
  }

  /** Returns whether this place's work may run now. `place` is ready, and not running. */
  function isNext(place: Place): boolean {
    if (places.filter(({ state }) => state === 'running').length >= place.limits.maxRunning) return false
    const isReady = ({ state }: Place) => state === 'waiting' || state === 'paused'
    const begun = places.filter(hasBegun)
    const isFitting = (one: Place) => hasBegun(one) || isWithinMemory([...begun, one], one.limits)
    const [fitting] = inOrder((one) => isReady(one) && isFitting(one))
    const [first] = inOrder(isReady)
    // A first one that does not fit is passed over until it is due. Then only what has begun goes on, to its end, and after
    // that the first one goes, as it does if nobody else can go.
    if (first === fitting || (fitting && doneMs <= first.dueMs)) return fitting === place
    const goingOn = inOrder((one) => isReady(one) && hasBegun(one))[0]
    return (begun.length > 0 ? goingOn : first) === place
  }

  /** Returns whether the place may hold its whole source now. */
  function tryRoom(place: Place): boolean {
    const { source, wantedBytes, limits } = place
    const isOnly = !places.some((one) => one.source.isWhole)
    const [first] = inOrder(({ wantedBytes: wanted }) => wanted > 0)
    const isSmall = wantedBytes <= SMALL_SOURCE_BYTES && (first === place || doneMs <= first.dueMs)
    const maxBytes = READ_AHEAD_SHARE * limits.maxHeldBytes + (isSmall ? SMALL_SOURCES_BYTES : 0)
    if (!isOnly && heldBytes() + wantedBytes > maxBytes) return false
    if (!isSmall && first !== place) return false
    // The largest work must fit beside the sources of all others.
    const [largest] = places
      .filter((one) => one === place || one.source.isWhole)
      .toSorted((one, other) => other.memoryBytes - one.memoryBytes)
    const work = [...new Set([...places.filter(hasBegun), largest])]
    if (!isOnly && !isWithinMemory(work, limits, work.includes(place) ? 0 : wantedBytes - source.bytes)) return false
    source.bytes = wantedBytes
    source.isWhole = true
    place.wantedBytes = 0
    return true
  }

  /** Looks again and again until `isReady`. Resolves with false if the place was given up or has expired. */
  async function waitUntil(place: Place, isReady: () => boolean, isWanted = () => true): Promise<boolean> {
    for (;;) {
      dropExpired()
      place.lookedAt = now()
      if (!places.includes(place) || !isWanted()) return false
      if (isReady()) return true
      const { least: soonest, most } = LOOK_AGAIN_MS
      const ms = msBefore(place) / LOOKS_PER_WAIT
      await new Promise((resolve) => setTimeout(resolve, Math.min(most, Math.max(soonest, ms))))
    }
  }

  return {
    holdSource(visitor, limits) {
      const source: Source = {
        visitor,
        bytes: 0,
        isWhole: false,
        until: now() + longestMs(limits),
        async roomForHead(bytes) {
          const most = HEADS_SHARE * limits.maxHeldBytes
          const hasRoom = () => {
            dropExpired()
            const heads = sources.filter((one) => !one.isWhole && one !== source)
            const theirs = heads.filter((one) => one.visitor === visitor)
            return bytesOf(heads) + bytes <= most && bytesOf(theirs) + bytes <= most / 2
          }
          for (const until = now() + HEAD_WAIT_MS; !hasRoom();) {
            if (now() >= until) return false
            await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS.most / 4))
          }
          source.bytes = bytes
          return true
        },
        resize(bytes) {
          source.bytes = bytes
        },
        tryHold(bytes) {
          dropExpired()
          const others = heldBytes() - (source.isWhole ? source.bytes : 0)
          if (others > 0 && others + bytes > limits.maxHeldBytes) return false
          source.bytes = bytes
          source.isWhole = true
          return true
        },
        release() {
          sources = sources.filter((other) => other !== source)
        },
      }
      sources.push(source)
      return source
    },

    enter({ visitor: name, cpuMs, memoryBytes }, held, limits, isWanted = () => true) {
      dropExpired()
      const source = sources.find((one) => one === held)
      if (!source) return undefined
      const visitor = visitorOf(name)
      let workMs = cpuMs
      const place: Place = {
        visitor,
        limits,
        source,
        memoryBytes,
        tag: visitor.clockMs + cpuMs,
        remainingMs: cpuMs,
        state: 'reading',
        wantedBytes: 0,
        lookedAt: now(),
        until: now() + longestMs(limits),
        dueMs: Infinity,
      }
      const waitMs = msBefore(place)
      place.dueMs = doneMs + waitMs + cpuMs
      const waiting = places.filter(({ state }) => state !== 'running').length
      if (waitMs > limits.maxWaitMs || waiting >= limits.maxWaiting) return undefined
      places.push(place)
      return {
        roomFor(bytes) {
          place.wantedBytes = bytes
          return waitUntil(place, () => tryRoom(place), isWanted)
        },
        async begin(cost) {
          workMs = cost.cpuMs
          const { memoryBytes: bytes } = cost
          Object.assign(place, { state: 'waiting', remainingMs: workMs, memoryBytes: bytes, lookedAt: now() })
          const hasWaited = !isNext(place)
          if (!(await waitUntil(place, () => isNext(place), isWanted))) return undefined
          place.state = 'running'
          return { hasWaited }
        },
        async pause(share) {
          charge(place, workMs * (1 - share))
          place.state = 'paused'
          await waitUntil(place, () => isNext(place))
          place.state = 'running'
        },
        end() {
          if (hasBegun(place)) charge(place, 0)
          places = places.filter((other) => other !== place)
        },
      }
    },
  }
}

const hasBegun = ({ state }: Place) => state === 'running' || state === 'paused'

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function bytesOf(sources: readonly Source[]): number {
  return sum(sources.map(({ bytes }) => bytes))
}
