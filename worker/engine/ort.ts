// The engine on onnxruntime. The caller passes the runtime, so this file works with onnxruntime-web's WASM (workerd:
// ortWorkerd.ts, Node, browsers), its WebGPU provider (browsers, Node with the `webgpu` package) and onnxruntime-node.
import type { InferenceSession, TensorConstructor } from 'onnxruntime-web'
import { channelsOf, type Network } from '../model/network.ts'
import { encodeNetwork } from '../model/networkFile.ts'
import type { Engine, Planes } from './engine.ts'
import { requirePlanes } from './planes.ts'

/** The part of onnxruntime-common's API that this file uses. Every onnxruntime package exports it. */
export interface OrtRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>
  }
  readonly Tensor: TensorConstructor
}

export interface OrtOptions {
  /** `wasm` for onnxruntime-web, `cpu` for onnxruntime-node, `webgpu` for both. */
  readonly executionProvider: 'wasm' | 'webgpu' | 'cpu'
  /** See Engine.maxSide. Default Infinity. */
  readonly maxSide?: number
  /** See Engine.name. Default `ort`, or `ort-webgpu`. */
  readonly name?: string
  /** Session options that override this file's options, for measurements. */
  readonly sessionOptions?: InferenceSession.SessionOptions
}

/** Maximum number of sessions kept: one for each scale, and one more while new weights replace old ones. */
const MAX_SESSIONS = 4
/** See Engine.nsPerMac. */
export const NS_PER_MAC = 0.15

/** A session and the number of runs that use it. A session must not be released during a run. */
interface Lease {
  readonly session: InferenceSession
  users: number
  isRetired: boolean
}

/**
 * Creates an engine on `runtime`. A process needs only one engine for each runtime. The first `run` of a network
 * creates a session for this network object. Up to four sessions are kept. A `run` that fails drops its session, and
 * the next `run` creates a new one.
 */
export function createOrtEngine(runtime: OrtRuntime, options: OrtOptions): Engine {
  const { executionProvider, maxSide = Infinity } = options
  const { name = executionProvider === 'webgpu' ? 'ort-webgpu' : 'ort' } = options
  // Contains sessions, not promises: in Workers the promise of a cancelled request never settles, so a request must not
  // wait for a promise of another request. If two runs of a new network start at the same time, they create two
  // sessions, and one is kept.
  const leases = new Map<Network, Lease>()
  const oneAtATime = createTurns(executionProvider === 'wasm')
  const oneCreation = createTurns(executionProvider === 'wasm') // WebGPU rejects two at the same time

  async function leaseOf(network: Network): Promise<Lease> {
    let lease = leases.get(network)
    if (!lease) {
      const session = await oneCreation(() =>
        runtime.InferenceSession.create(encodeNetwork(runnable(network)), {
          executionProviders: [executionProvider],
          ...SESSION_OPTIONS,
          ...options.sessionOptions,
        }),
      )
      lease = leases.get(network)
      if (lease) await session.release()
      else lease = { session, users: 0, isRetired: false }
    }
    leases.delete(network)
    leases.set(network, lease) // moves it to the end, where the most recently used session is
    lease.users++
    for (const [oldest] of leases) {
      if (leases.size <= MAX_SESSIONS) break
      retire(oldest)
    }
    return lease
  }

  function retire(network: Network): void {
    const lease = leases.get(network)
    if (!lease) return
    leases.delete(network)
    lease.isRetired = true
    if (lease.users === 0) void release(lease)
  }

  async function giveBack(lease: Lease): Promise<void> {
    lease.users--
    if (lease.isRetired && lease.users === 0) await release(lease)
  }

  async function run(network: Network, input: Planes): Promise<Planes> {
    const { channels, width, height } = input
    requirePlanes(input, channelsOf(network))
    const lease = await leaseOf(network)
    try {
      const data = await oneAtATime(() => infer(lease.session, input))
      const { scale } = network
      const expected = input.data.length * scale * scale
      if (data.length !== expected) {
        throw new Error(`onnxruntime returned ${data.length} values, expected ${expected}`)
      }
      return { channels, width: width * scale, height: height * scale, data }
    } catch (cause) {
      if (leases.get(network) === lease) retire(network)
      throw cause
    } finally {
      await giveBack(lease)
    }
  }

  async function infer(session: InferenceSession, input: Planes): Promise<Float32Array> {
    const x = new runtime.Tensor('float32', input.data, [1, input.channels, input.height, input.width])
    try {
      const { y } = await session.run({ x })
      const data = y.data as Float32Array // a copy: the runtime has freed its own memory by now
      y.dispose()
      return data
    } finally {
      x.dispose()
    }
  }

  return { name, maxSide, nsPerMac: NS_PER_MAC, run }
}

/**
 * Returns the network as it is encoded for onnxruntime. A network that enlarges must return only its residual
 * (engine.ts), so the encoded network does not add the input.
 */
function runnable(network: Network): Network {
  return network.scale > 1 ? { ...network, residual: false } : network
}

// Measured in workerd with onnxruntime-web 1.30: all graph optimisations, which are the default, save 5 to 9 MB at 256²
// compared with none, because ReLU is fused into the convolutions. The options for arena, memory pattern and prepacking
// change nothing.
const SESSION_OPTIONS: InferenceSession.SessionOptions = { logSeverityLevel: 3 } // errors only

/** Releases a session. Ignores an error, because the run that used the session has already succeeded. */
async function release(lease: Lease): Promise<void> {
  try {
    await lease.session.release()
  } catch {
    // The runtime keeps the session's memory. There is no other way to free it.
  }
}

/**
 * Returns a function that runs one piece of work at a time. onnxruntime-web keeps a run's arguments on the wasm stack
 * across its own awaits, so runs that overlap pop each other's arguments. Each such run leaks a little stack. After
 * some 27,000 rounds of four overlapping runs the runtime aborts (1.30.0, seen in Node).
 *
 * A waiting run polls with timers, because it must not await another run's promise. If `withinOneTurn` is true (WASM),
 * work needs only microtasks, so it has normally ended when a timer fires. If it has not ended, its request was killed
 * in the middle of the work, because it exceeded its CPU time, and the next run may start.
 */
function createTurns(withinOneTurn: boolean): <T>(work: () => Promise<T>) => Promise<T> {
  const turn: { holder?: object } = {}
  return async (work) => {
    for (let before; turn.holder !== undefined;) {
      if (withinOneTurn && turn.holder === before) break
      before = turn.holder
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
    const self = {}
    turn.holder = self
    try {
      return await work()
    } finally {
      if (turn.holder === self) turn.holder = undefined
    }
  }
}
