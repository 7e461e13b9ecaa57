// onnxruntime as an engine. The runtime comes from outside, so that this one file serves
// onnxruntime-web's WASM (workerd: ortWorkerd.ts, Node, browsers), its WebGPU provider (browsers,
// Node with the `webgpu` package) and onnxruntime-node.
import type { InferenceSession, TensorConstructor } from 'onnxruntime-web'
import { channelsOf, type Network } from '../model/network.ts'
import { encodeNetwork } from '../model/networkFile.ts'
import type { Engine, Planes } from './engine.ts'

/** The part of onnxruntime-common's API that is used: the module namespace of any of its packages. */
export interface OrtRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>
  }
  readonly Tensor: TensorConstructor
}

export interface OrtOptions {
  /** `wasm` for onnxruntime-web, `cpu` for onnxruntime-node, `webgpu` for either. */
  readonly executionProvider: 'wasm' | 'webgpu' | 'cpu'
  /** See Engine.maxSide. Default Infinity. */
  readonly maxSide?: number
  /** See Engine.name. Default `ort`, or `ort-webgpu`. */
  readonly name?: string
  /** Laid over the engine's own session options: for measurements. */
  readonly sessionOptions?: InferenceSession.SessionOptions
}

/** Sessions kept alive: one for each scale, and one more while new weights replace old ones. */
const MAX_SESSIONS = 4
/** See Engine. */
export const NS_PER_MAC = 0.15

/** A session and who is using it: it may not be released under a run. */
interface Lease {
  readonly session: InferenceSession
  users: number
  isRetired: boolean
}

/**
 * An engine on `runtime`; make one for each runtime. Nothing is loaded before the first `run`,
 * which creates a session for its network; up to four are kept, by the network's identity.
 * A failed `run` drops its session, and the next one builds it again.
 */
export function createOrtEngine(runtime: OrtRuntime, options: OrtOptions): Engine {
  const { executionProvider, maxSide = Infinity } = options
  const { name = executionProvider === 'webgpu' ? 'ort-webgpu' : 'ort' } = options
  // Holds settled values only. Two first runs at once make two sessions, of which one stays: in
  // Workers the promise of a cancelled request never settles, so nobody may wait for another's.
  const leases = new Map<Network, Lease>()
  const oneAtATime = createTurns(executionProvider === 'wasm')
  const oneCreation = createTurns(executionProvider === 'wasm') // WebGPU refuses two at once

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
    leases.set(network, lease) // now the youngest
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
    if (channels !== channelsOf(network) || input.data.length !== channels * width * height) {
      throw new RangeError(
        `expected ${channelsOf(network)} planes of ${width}x${height}, got ${channels} in ${input.data.length} values`,
      )
    }
    const lease = await leaseOf(network)
    try {
      const data = await oneAtATime(() => infer(lease.session, input))
      const { scale } = network
      const expected = input.data.length * scale * scale
      if (data.length !== expected) {
        throw new Error(`onnxruntime gave ${data.length} values, not ${expected}`)
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
      const data = y.data as Float32Array // a copy of ours: the runtime's own memory is freed by now
      y.dispose()
      return data
    } finally {
      x.dispose()
    }
  }

  return { name, maxSide, nsPerMac: NS_PER_MAC, run }
}

/** As the contract has it: one that enlarges has no bicubic enlargement to add to. */
function runnable(network: Network): Network {
  return network.scale > 1 ? { ...network, residual: false } : network
}

// Measured in workerd on onnxruntime-web 1.30: all graph optimisations, the default, save 5 to 9 MB
// at 256² (ReLU is fused into the convolutions); arena, memory pattern and prepacking change nothing.
const SESSION_OPTIONS: InferenceSession.SessionOptions = { logSeverityLevel: 3 } // errors

/** A session that fails to go away must not fail the run that was done with it. */
async function release(lease: Lease): Promise<void> {
  try {
    await lease.session.release()
  } catch {
    // Its memory stays with the runtime; nothing else can be done.
  }
}

/**
 * Lets one piece of work run at a time: onnxruntime-web keeps a run's arguments on the wasm stack
 * across its own awaits, so that runs which overlap pop each other's. Each leaks a little stack;
 * after some 27,000 rounds of four the runtime aborts (1.30.0, seen in Node).
 *
 * Waits on its own timer only, not on the other's promise. Work that needs nothing but microtasks
 * (`withinOneTurn`: WASM) is over when a timer fires; if it is not, its request was killed for its
 * CPU time in the middle of the work, and its place is free.
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
