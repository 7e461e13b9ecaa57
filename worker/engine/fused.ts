// The engine on this project's own kernels, which compute all layers of a network in one pass, in WebAssembly SIMD.
// kernel/ has the kernels' source, driver/ has the code that calls them. A picture is cut into strips, because a
// kernel's memory limits the width. Each strip is cut into bands of 4 rows. The engine pauses between bands, so that
// other requests can run.
import { pause as macrotask } from '../base/pause.ts'
import { costOf, describeNetwork, type Network } from '../model/network.ts'
import type { Driver, KernelExports } from './driver/driver.ts'
import { srcnnDriver } from './driver/srcnn.ts'
import { subpixelDriver, type SubpixelKernel } from './driver/subpixel.ts'
import type { Engine, Planes } from './engine.ts'
import type { Arithmetic } from './kernel/arithmetic.ts'
import { TILE } from './kernel/layout.ts'
import { requirePlanes } from './planes.ts'

/**
 * Maximum work between two pauses: as many multiplications as a 9-1-5 network needs for 131,072 pixels, which take
 * about 20 to 40 ms. Time itself cannot be measured, because Date.now() does not advance during a Worker's computation.
 */
export const COST_OF_A_TURN = 131_072 * 8032

/**
 * Maximum side of a tile, in pixels. The kernels accept any size, but this limit bounds the memory outside the kernels:
 * the input and output planes of a tile, at most 4 MB each. A picture of 1536² takes 3 % longer in tiles than as a
 * whole, because halos are computed twice and the last vector of a row is not full.
 */
const MAX_SIDE = 1024

/** The compiled module of each kernel. */
export interface KernelModules {
  readonly srcnn: WebAssembly.Module
  readonly subpixel: WebAssembly.Module
}

const DRIVERS: Readonly<Record<keyof KernelModules, Driver>> = {
  srcnn: srcnnDriver,
  subpixel: subpixelDriver,
}
export const KERNEL_NAMES = Object.keys(DRIVERS) as (keyof KernelModules)[]

/**
 * Returns whether a kernel can run `network`. Supported are 9-1-5 networks, and sub-pixel networks of one 5x5 layer and
 * then 3x3 layers. They must work on one plane with edge padding and channels in multiples of 4.
 */
export function supportsFused(network: Network): boolean {
  return kernelFor(network) !== undefined
}

function kernelFor(network: Network): keyof KernelModules | undefined {
  return KERNEL_NAMES.find((name) => DRIVERS[name].supports(network))
}

/** The square of 1 + SMALL is 1 + 2 * SMALL + SMALL², which f32 rounds to 1 + 2 * SMALL. */
const SMALL = 2 ** -12

/**
 * Returns the build whose results a compiled kernel has here, which is part of the engine's name. A relaxed build has
 * those of the plain build if the runtime or the processor does not fuse multiply-add, as in Bun: WebAssembly allows
 * both.
 */
export function arithmeticOf(subpixel: WebAssembly.Module): Arithmetic {
  const { multiplyAdd } = instantiate(subpixel) as SubpixelKernel
  return multiplyAdd(1 + SMALL, 1 + SMALL, -1 - 2 * SMALL) === SMALL ** 2 ? 'relaxed' : 'plain'
}

export interface FusedOptions {
  /** The engine's name (see Engine.name). Default `fused`. */
  readonly name?: string
  /** A function that is awaited between bands, so that other requests can run. Default: waits for a macrotask. */
  readonly pause?: () => Promise<void>
}

/** An instance of a kernel, and the network whose weights are in its memory. */
interface Instance {
  readonly kernel: KernelExports
  network?: Network
}

/**
 * Creates an engine from the kernels' modules (platform/nodeFiles.ts, platform/workersFiles.ts). Concurrent runs use
 * separate instances. One idle instance of each kernel is kept for the next run, with the weights in its memory. `run`
 * rejects if `supportsFused` returns false for the network.
 */
export function createFusedEngine(modules: KernelModules, options: FusedOptions = {}): Engine {
  const { name = 'fused', pause = macrotask } = options
  const packed = new WeakMap<Network, unknown>()
  /** Contains instances, not promises, because in Workers a request must not wait for a promise of another request. */
  const idle = new Map<keyof KernelModules, Instance>()

  function weightsOf(network: Network, driver: Driver): unknown {
    let weights = packed.get(network)
    if (!weights) packed.set(network, (weights = driver.pack(network)))
    return weights
  }

  async function run(network: Network, input: Planes, buffer?: Float32Array): Promise<Planes> {
    const { channels, width, height } = input
    const kernelName = kernelFor(network)
    if (!kernelName) {
      const supported = 'expected 9-1-5, or 5-3-...-3 with depth-to-space, on one plane with edge padding'
      const given = `got ${describeNetwork(network)} with ${network.padding} padding`
      throw new RangeError(`${supported} and channels in multiples of 4, ${given}`)
    }
    requirePlanes(input, 1)
    const { scale } = network
    const driver = DRIVERS[kernelName]
    const own = idle.get(kernelName) ?? { kernel: instantiate(modules[kernelName]) }
    idle.delete(kernelName)
    const weights = weightsOf(network, driver)
    if (own.network !== network) {
      driver.setWeights(own.kernel, weights)
      own.network = network
    }
    const [wide, high] = [scale * width, scale * height]
    const data = buffer ? buffer.subarray(0, wide * high) : new Float32Array(wide * high)
    const result = { channels, width: wide, height: high, data }
    const bandCost = costOf(network) * scale * scale * TILE * Math.min(width, driver.maxWidth)
    const bandsPerTurn = Math.max(1, Math.floor(COST_OF_A_TURN / bandCost))
    let bandsLeft = bandsPerTurn
    for (let left = 0; left < width; left += driver.maxWidth) {
      const strip = driver.openStrip(own.kernel, network, weights, input, result, left)
      for (let band = 0; band < strip.bands; band++) {
        if (bandsLeft-- === 0) {
          await pause()
          bandsLeft = bandsPerTurn - 1
        }
        strip.compute(band)
      }
    }
    idle.set(kernelName, own) // not reached if the run trapped: then its instance is dropped
    return result
  }

  return { name, maxSide: MAX_SIDE, nsPerMac: 0.03, run }
}

function instantiate(module: WebAssembly.Module): KernelExports {
  const abort = () => {
    throw new Error('the kernel aborted')
  }
  return new WebAssembly.Instance(module, { env: { abort } }).exports as unknown as KernelExports
}
