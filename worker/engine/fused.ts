// Our own kernel as an engine: the three layers of a 9-1-5 in one pass, in WebAssembly SIMD. kernel/
// has its source; here are the rows that go in and out. A picture goes through in bands of 4 rows, in
// strips of at most MAX_WIDTH pixels, through one fixed memory that no picture makes grow.
//
//   padded rows ─ load ─▶ ring ─▶ compute: 4 rows of features ─▶ ring of sums ─ emit ─▶ rows
//
// The one edge padding of the input lies in front of everything: the padded picture is 6 px larger on
// each side, features exist on that rim too, and no layer has a border case.
import { channelsOf, costOf, describeNetwork, type Network } from '../model/network.ts'
import type { Engine, Planes } from './engine.ts'
import { AT, HALO, KERNEL_1, KERNEL_3, MAX_CHANNELS, MAX_WIDTH, ROW_BYTES, STEP, TILE } from './kernel/layout.ts' // prettier-ignore
import { packWeights, type PackedWeights } from './kernel/pack.ts'
import { pause as macrotask } from '../pause.ts'

/** What a kernel module exports; all sizes are in tiles and bands of 4 pixels. */
interface Kernel {
  readonly memory: WebAssembly.Memory
  begin(n1: number, n2: number, tiles: number, isResidual: number): void
  load(quad: number, slots: number): void
  compute(band: number, rows: number): void
  emit(band: number): void
}

/**
 * How much is computed before others have their turn, in multiplications of the network: 131,072 pixels of
 * 9-1-5, some 20 to 40 ms. Counted, for clocks stand still while a Worker computes.
 */
const COST_OF_A_TURN = 131_072 * 8032

/**
 * The kernel takes any size. This bounds what lies around it: the planes of a tile (512² x 4 planes x 4 B =
 * 4 MB), and how long resizing and merging one takes. The halo that is computed twice costs 5 %.
 */
const MAX_SIDE = 512

/** Whether the kernel can run it: a 9-1-5 on luma with edge padding and multiples of 4 channels. */
export function supportsFused(network: Network): boolean {
  const { layers, scale, padding } = network
  return (
    scale === 1 &&
    padding === 'edge' &&
    channelsOf(network) === 1 &&
    layers.length === 3 &&
    layers.every(({ kernel, hasSkip }, i) => kernel === [KERNEL_1, 1, KERNEL_3][i] && !hasSkip) &&
    layers.slice(0, -1).every(({ outputs }) => outputs % STEP === 0 && outputs <= MAX_CHANNELS)
  )
}

export interface FusedOptions {
  /** See Engine.name. Default `fused`. */
  readonly name?: string
  /** Lets others have their turn. Default: a macrotask. */
  readonly pause?: () => Promise<void>
}

/**
 * An engine on a kernel's module (kernel/node.ts, kernel/workers.ts). A run has an instance for itself; one
 * that is idle is kept, with the weights that it had. `run` rejects for a network that `supportsFused` says
 * no to.
 */
export function createFusedEngine(module: WebAssembly.Module, options: FusedOptions = {}): Engine {
  const { name = 'fused', pause = macrotask } = options
  const packed = new WeakMap<Network, PackedWeights>()
  /** A settled value, not a promise: in Workers nobody may wait for another request's. */
  let idle: { readonly kernel: Kernel; network: Network | undefined } | undefined

  function weightsOf(network: Network): PackedWeights {
    let weights = packed.get(network)
    if (!weights) packed.set(network, (weights = packWeights(network)))
    return weights
  }

  async function run(network: Network, input: Planes): Promise<Planes> {
    const { channels, width, height } = input
    if (!supportsFused(network)) {
      throw new RangeError(`expected 9-1-5 on one plane with edge padding and at most ${MAX_CHANNELS} channels in multiples of ${STEP}, got ${describeNetwork(network)} with ${network.padding} padding`) // prettier-ignore
    }
    if (channels !== 1 || input.data.length !== width * height) {
      throw new RangeError(`expected 1 plane of ${width}x${height}, got ${channels} in ${input.data.length} values`) // prettier-ignore
    }
    const own = idle ?? { kernel: instantiate(module), network: undefined }
    idle = undefined
    if (own.network !== network) {
      setWeights(own.kernel, weightsOf(network))
      own.network = network
    }
    const data = new Float32Array(width * height)
    const bandsOfATurn = Math.max(1, Math.floor(COST_OF_A_TURN / (costOf(network) * TILE * Math.min(width, MAX_WIDTH)))) // prettier-ignore
    let rest = bandsOfATurn
    for (let left = 0; left < width; left += MAX_WIDTH) {
      const strip = openStrip(own.kernel, network, input, data, left)
      for (let band = 0; band <= Math.ceil(height / TILE); band++) {
        if (rest-- === 0) {
          await pause()
          rest = bandsOfATurn - 1
        }
        strip.compute(band)
      }
    }
    idle = own // not reached by a run that trapped: its instance is dropped
    return { channels, width, height, data }
  }

  return { name, maxSide: MAX_SIDE, run }
}

/** Columns `left` .. of a picture, at most MAX_WIDTH of them. */
function openStrip(
  kernel: Kernel,
  network: Network,
  input: Planes,
  result: Float32Array,
  left: number,
) {
  const { height } = input
  const width = Math.min(input.width - left, MAX_WIDTH)
  const [first, second] = network.layers
  const tiles = Math.ceil(width / TILE) + 1
  // Two tiles more than the features have; whole vectors of them.
  const slots = Math.ceil((tiles + 2) / TILE) * TILE
  const { buffer } = kernel.memory
  const rowsIn = Array.from({ length: TILE }, (_, row) => new Float32Array(buffer, AT.rowsIn + row * ROW_BYTES, slots * TILE)) // prettier-ignore
  const rowsOut = Array.from({ length: TILE }, (_, row) => new Float32Array(buffer, AT.rowsOut + row * ROW_BYTES, width)) // prettier-ignore
  // The part of a padded row that is in the picture; the rest repeats its ends.
  const from = Math.max(0, left - HALO)
  const to = Math.min(input.width, left + slots * TILE - HALO)
  const before = from - (left - HALO)

  function load(quad: number): void {
    for (let row = 0; row < TILE; row++) {
      const y = Math.min(height - 1, Math.max(0, quad * TILE + row - HALO))
      const start = y * input.width
      const padded = rowsIn[row]
      padded.set(input.data.subarray(start + from, start + to), before)
      padded.fill(padded[before], 0, before)
      padded.fill(padded[before + to - from - 1], before + to - from)
    }
    kernel.load(quad, slots)
  }

  kernel.begin(first.outputs, second.outputs, tiles, Number(network.residual))
  load(0)
  load(1)
  return {
    /** Bands one after another from 0; each gives the four rows above it. */
    compute(band: number): void {
      load(band + 2)
      // Features reach KERNEL_3 - 1 rows beyond the result.
      kernel.compute(band, Math.min(TILE, height + KERNEL_3 - 1 - band * TILE))
      kernel.emit(band)
      const top = (band - 1) * TILE
      for (let row = 0; row < TILE && top + row < height; row++) {
        if (top >= 0) result.set(rowsOut[row], (top + row) * input.width + left)
      }
    },
  }
}

function instantiate(module: WebAssembly.Module): Kernel {
  const abort = () => {
    throw new Error('the kernel gave up')
  }
  return new WebAssembly.Instance(module, { env: { abort } }).exports as unknown as Kernel
}

function setWeights({ memory }: Kernel, weights: PackedWeights): void {
  for (const [name, values] of Object.entries(weights) as [keyof PackedWeights, Float32Array][]) {
    new Float32Array(memory.buffer, AT[name], values.length).set(values)
  }
}
