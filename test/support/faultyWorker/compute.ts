// Makes codecs, networks, the enlarger and the shrinker of this isolate fail. A trap happens in the middle of the work:
// the exports of a WebAssembly instance work a few times before they trap.
import { createCodec } from '../../../worker/codec/codec.ts'
import { createInstances, type Instances } from '../../../worker/codec/instance.ts'
import type { Engine } from '../../../worker/engine/engine.ts'
import { codecModules, kernelModules, pictureModule, shrinkModule } from '../../../worker/platform/workersFiles.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import type { Platform } from '../../../worker/platform/platform.ts'
import { current } from './current.ts'
import type { ComputeFault } from './faults.ts'

const { photon, jpegDecoder, jpegEncoder, pngDecoder, pngEncoder, webpDecoder, webpEncoder } = codecModules
const TRAPS = new Map<WebAssembly.Module, ComputeFault>([
  ...[photon, jpegDecoder, pngDecoder, webpDecoder].map((module) => [module, 'decoder traps'] as const),
  ...[jpegEncoder, pngEncoder, webpEncoder].map((module) => [module, 'encoder traps'] as const),
  ...Object.values(kernelModules).map((module) => [module, 'network traps'] as const),
  [pictureModule, 'enlarger traps'],
  [shrinkModule, 'shrinker traps'],
])
const CALLS_BEFORE_A_TRAP = 2
const LONG_MS = 500

type Call = (...values: unknown[]) => unknown

export function breakWebAssembly(): void {
  const { Instance, Memory } = WebAssembly
  function TrappingInstance(module: WebAssembly.Module, imports: WebAssembly.Imports) {
    const { exports } = new Instance(module, imports)
    const fault = TRAPS.get(module)
    let calls = 0
    const trapping =
      (call: Call): Call =>
      (...values) => {
        const given = call(...values)
        if (current().compute === fault && ++calls > CALLS_BEFORE_A_TRAP)
          throw new WebAssembly.RuntimeError('unreachable')
        return given
      }
    const wrapped = Object.entries(exports).map(([name, value]) => [
      name,
      typeof value === 'function' ? trapping(value as Call) : value,
    ])
    return { exports: Object.fromEntries(wrapped) as WebAssembly.Exports }
  }
  function ScarceMemory(descriptor: WebAssembly.MemoryDescriptor) {
    if (current().compute === 'no memory') throw new RangeError('could not allocate memory')
    return new Memory(descriptor)
  }
  const { prototype } = Memory
  ScarceMemory.prototype = prototype // for instanceof
  Object.assign(WebAssembly, { Instance: TrappingInstance, Memory: ScarceMemory })
}

export function breakPlatform({ engineFor, ...platform }: Platform): Platform {
  return {
    ...platform,
    codec: createCodec(codecModules, brokenInstances(createInstances())),
    engineFor: (network) => brokenEngine(engineFor(network)),
  }
}

interface Glue {
  decode?(file: Uint8Array, ...more: unknown[]): Rgba | undefined
  encode?(pixels: Uint8Array, width: number, height: number, options: object): Uint8Array | null
  photonimage_get_width?(image: number): number
}

function brokenInstances(instances: Instances): Instances {
  return {
    ...instances,
    run: (factory, module, work, use) => {
      const withFault: typeof work = (exports) => {
        const { compute } = current()
        return work(compute ? { ...exports, ...altered(exports as Glue, compute) } : exports)
      }
      return instances.run(factory, module, withFault, use)
    },
  }
}

function altered({ decode, encode, photonimage_get_width: widthOf }: Glue, fault: ComputeFault): Glue {
  const decoding = (alter: (picture: Rgba) => Rgba | undefined, width: (given: number) => number): Glue => ({
    ...(decode && { decode: (...given) => alter(decode(...given)!) }),
    ...(widthOf && { photonimage_get_width: (image) => width(widthOf(image)) }),
  })
  switch (fault) {
    case 'decoder gives nothing':
      return decoding(
        () => undefined,
        () => 0,
      )
    case 'decoder gives another size':
      return decoding(
        ({ width, height, data }) => ({ width, height: height - 1, data: data.subarray(0, -4 * width) }),
        (width) => width + 1,
      )
    case 'decoder gives NaN':
      return decoding(
        ({ data }) => ({ width: NaN, height: NaN, data }),
        () => NaN,
      )
    case 'encoder gives null':
      return encode ? { encode: () => null } : {}
    case 'encoder gives nothing':
      return encode ? { encode: () => new Uint8Array(0) } : {}
    case 'encoder gives garbage':
      return encode ? { encode: (...given) => encode(...given)!.fill(0xa5) } : {}
    case 'encoder gives another size':
      return encode ? { encode: (pixels, width, height, options) => encode(pixels, width, height - 1, options) } : {}
    default:
      return {}
  }
}

function brokenEngine(engine: Engine): Engine {
  return {
    ...engine,
    async run(network, input, room) {
      const given = await engine.run(network, input, room)
      const { compute } = current()
      if (compute === 'network takes long') await new Promise((resolve) => setTimeout(resolve, LONG_MS))
      if (compute === 'network gives NaN') given.data.fill(NaN)
      if (compute === 'network gives one NaN') given.data[given.data.length >> 1] = NaN
      return given
    },
  }
}
