// Networks from other projects: any ONNX file with one input and one output, both f32 [1, 1, h, w] with luma / 255 in
// studio range. The file runs unchanged. Its input is either the picture enlarged by bicubic, as in SRCNN, or the small
// picture, as in ESPCN and FSRCNN. A first run on a small plane shows which of the two it is.
import type { InferenceSession } from 'onnxruntime-web'
import type { OrtOptions, OrtRuntime } from '../../worker/engine/ort.ts'
import type { Plane } from '../../worker/image/plane.ts'
import { UsageError } from '../../worker/terminal/arguments.ts'
import { enlargePlane } from '../data/degrade.ts'
import { lumaMethod, type Method } from './method.ts'

/** Sides in pixels of the plane for the first run. They are large enough for a network that pads by reflection. */
const PROBE = { width: 48, height: 40 }

/**
 * Returns a method that runs the ONNX file. Throws a UsageError that starts with `name` if the input or output of the
 * network is not as described at the top of this module.
 */
export async function foreignMethod(
  name: string,
  file: Uint8Array,
  scale: number,
  runtime: OrtRuntime,
  executionProvider: OrtOptions['executionProvider'],
): Promise<Method> {
  const session = await runtime.InferenceSession.create(file, {
    executionProviders: [executionProvider],
    logSeverityLevel: 3, // errors only
  }).catch((cause: unknown) => {
    throw new UsageError(`${name}: expected a file that ONNX Runtime can run`, { cause })
  })
  checkSignature(name, session)
  const [input] = session.inputNames
  const [output] = session.outputNames
  const infer = async ({ width, height, data }: Plane): Promise<Plane> => {
    const x = new runtime.Tensor('float32', data, [1, 1, height, width])
    const y = (await session.run({ [input]: x }))[output]
    const [batch, channels, rows, columns] = y.dims
    if (y.type !== 'float32' || y.dims.length !== 4 || batch !== 1 || channels !== 1) {
      throw new UsageError(`${name}: expected output of f32 [1, 1, h, w], got ${y.type} [${y.dims.join(', ')}]`)
    }
    const plane = { width: columns, height: rows, data: y.data as Float32Array }
    x.dispose()
    y.dispose()
    return plane
  }

  const { width, height } = PROBE
  const data = new Float32Array(width * height).map((_, i) => 0.3 + 0.4 * ((i % width) / width))
  const probe = await infer({ width, height, data }).catch((cause: unknown) => {
    if (cause instanceof UsageError) throw cause
    throw new UsageError(`${name}: expected a network that runs on a plane of ${width}x${height}`, { cause })
  })
  const enlargesBy = (factor: number) => probe.width === factor * width && probe.height === factor * height
  if (enlargesBy(scale)) return lumaMethod(infer)
  if (enlargesBy(1)) return lumaMethod((small) => infer(enlargePlane(small, scale)))
  throw new UsageError(
    `${name}: expected ${width}x${height} to become ${width}x${height} or, at x${scale}, ` +
      `${width * scale}x${height * scale}, got ${probe.width}x${probe.height}`,
  )
}

function checkSignature(name: string, { inputMetadata, outputNames }: InferenceSession): void {
  const count = inputMetadata.length
  if (count !== 1 || outputNames.length !== 1) {
    throw new UsageError(`${name}: expected one input and one output, got ${count} and ${outputNames.length}`)
  }
  const [input] = inputMetadata
  const shape = input.isTensor ? `${input.type} [${input.shape.join(', ')}]` : 'a value that is not a tensor'
  const [batch, channels, ...sides] = input.isTensor ? input.shape : []
  const isLuma = [batch, channels].every((size) => typeof size !== 'number' || size === 1)
  if (!input.isTensor || input.type !== 'float32' || input.shape.length !== 4 || !isLuma) {
    throw new UsageError(`${name}: expected input of f32 [1, 1, h, w], which is luma, got ${shape}`)
  }
  if (sides.some((size) => typeof size === 'number')) {
    throw new UsageError(`${name}: expected input of any height and width, got ${shape}`)
  }
}
