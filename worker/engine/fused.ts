// Our own kernels as an engine: all layers of a network in one pass, in WebAssembly SIMD. kernel/ has
// their source, driver/ what feeds them. A picture goes through in bands of 4 rows, in strips of a width
// that the kernel's memory is made for, and between bands others have their turn.
import { pause as macrotask } from '../base/pause.ts'
import { costOf, describeNetwork, type Network } from '../model/network.ts'
import type { Driver, Kernel } from './driver/driver.ts'
import { srcnnDriver } from './driver/srcnn.ts'
import { subpixelDriver } from './driver/subpixel.ts'
import type { Engine, Planes } from './engine.ts'
import { TILE } from './kernel/layout.ts'

/**
 * How much is computed before others have their turn, in multiplications of the network: 131,072 pixels of
 * 9-1-5, some 20 to 40 ms. Counted, for clocks stand still while a Worker computes.
 */
export const COST_OF_A_TURN = 131_072 * 8032

/**
 * The kernels take any size. This bounds what lies around them: the two planes of a tile, 4 MB each at most.
 * The halo that is computed twice, and vectors that a row does not fill, cost 3 % at 1536².
 */
const MAX_SIDE = 1024

/** One module for each driver. */
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
 * Whether a kernel can run it: a 9-1-5, or a sub-pixel network of one 5x5 and then 3x3 layers, on luma
 * with edge padding and multiples of 4 channels.
 */
export function supportsFused(network: Network): boolean {
  return kernelFor(network) !== undefined
}

function kernelFor(network: Network): keyof KernelModules | undefined {
  return KERNEL_NAMES.find((name) => DRIVERS[name].supports(network))
}

export interface FusedOptions {
  /** See Engine.name. Default `fused`. */
  readonly name?: string
  /** Lets others have their turn. Default: a macrotask. */
  readonly pause?: () => Promise<void>
}

/** An instance, and the network whose weights it has. */
interface Instance {
  readonly kernel: Kernel
  network?: Network
}

/**
 * An engine on the kernels' modules (kernel/node.ts, kernel/workers.ts). A run has an instance for itself;
 * one that is idle is kept, with the weights that it had. `run` rejects for a network that `supportsFused`
 * says no to.
 */
export function createFusedEngine(modules: KernelModules, options: FusedOptions = {}): Engine {
  const { name = 'fused', pause = macrotask } = options
  const packed = new WeakMap<Network, unknown>()
  /** Settled values, not promises: in Workers nobody may wait for another request's. */
  const idle = new Map<keyof KernelModules, Instance>()

  function weightsOf(network: Network, driver: Driver): unknown {
    let weights = packed.get(network)
    if (!weights) packed.set(network, (weights = driver.pack(network)))
    return weights
  }

  async function run(network: Network, input: Planes, room?: Float32Array): Promise<Planes> {
    const { channels, width, height } = input
    const kernelName = kernelFor(network)
    if (!kernelName) {
      throw new RangeError(
        `expected 9-1-5, or 5-3-...-3 with depth-to-space, on one plane with edge padding and channels in multiples of 4, got ${describeNetwork(network)} with ${network.padding} padding`,
      )
    }
    if (channels !== 1 || input.data.length !== width * height) {
      throw new RangeError(`expected 1 plane of ${width}x${height}, got ${channels} in ${input.data.length} values`)
    }
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
    const data = room ? room.subarray(0, wide * high) : new Float32Array(wide * high)
    const result = { channels, width: wide, height: high, data }
    const costOfBand = costOf(network) * scale * scale * TILE * Math.min(width, driver.maxWidth)
    const bandsOfATurn = Math.max(1, Math.floor(COST_OF_A_TURN / costOfBand))
    let rest = bandsOfATurn
    for (let left = 0; left < width; left += driver.maxWidth) {
      const strip = driver.openStrip(own.kernel, network, weights, input, result, left)
      for (let band = 0; band < strip.bands; band++) {
        if (rest-- === 0) {
          await pause()
          rest = bandsOfATurn - 1
        }
        strip.compute(band)
      }
    }
    idle.set(kernelName, own) // not reached by a run that trapped: its instance is dropped
    return result
  }

  return { name, maxSide: MAX_SIDE, nsPerMac: 0.03, run }
}

function instantiate(module: WebAssembly.Module): Kernel {
  const abort = () => {
    throw new Error('the kernel gave up')
  }
  return new WebAssembly.Instance(module, { env: { abort } }).exports as unknown as Kernel
}
