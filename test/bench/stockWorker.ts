// oxlint-disable-next-line typescript/triple-slash-reference -- ambient: nothing to import from it
/// <reference path="../../worker/wasm.d.ts" />
// The simple worker with which compareStock.ts compares ours. It uses the usual packages, as their documentation says:
// photon decodes, enlarges and encodes; onnxruntime-web sharpens luma, tile by tile. GET /path?sr answers with the
// picture of the origin as a JPEG that is three times as wide and high.
import { PhotonImage, resize, SamplingFilter } from '@cf-wasm/photon'
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm'
import ortWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm'
import model from '../../models/srcnn-x3.onnx'
import { type Tile, tilesOf } from '../../worker/image/tile.ts'

const SCALE = 3
const QUALITY = 85
const TILE = 256
/** 9-1-5 reads this many pixels around a pixel, in each direction. */
const HALO = 6

env.wasm.numThreads = 1
// workerd forbids compiling WebAssembly at run time. Therefore onnxruntime gets dummy bytes, and its call of
// `WebAssembly.instantiate` returns an instance of the imported module.
env.wasm.wasmBinary = new ArrayBuffer(8)
const instantiate = (_: unknown, imports: WebAssembly.Imports) =>
  Promise.resolve({ module: ortWasm, instance: new WebAssembly.Instance(ortWasm, imports) })
WebAssembly.instantiate = instantiate as unknown as typeof WebAssembly.instantiate

let session: InferenceSession | undefined

// oxlint-disable-next-line import/no-default-export -- the entry point that workerd calls
export default {
  async fetch(request: Request, { ORIGIN_URL }: { ORIGIN_URL: string }): Promise<Response> {
    const source = await fetch(ORIGIN_URL + new URL(request.url).pathname)
    session ??= await InferenceSession.create(new Uint8Array(model), { logSeverityLevel: 3 })
    const small = PhotonImage.new_from_byteslice(new Uint8Array(await source.arrayBuffer()))
    const width = SCALE * small.get_width()
    const height = SCALE * small.get_height()
    const large = resize(small, width, height, SamplingFilter.CatmullRom)
    small.free()
    const pixels = large.get_raw_pixels()
    large.free()
    const result = new PhotonImage(await sharpen(session, pixels, width, height), width, height)
    const jpeg = result.get_bytes_jpeg(QUALITY)
    result.free()
    return new Response(jpeg as Uint8Array<ArrayBuffer>, { headers: { 'content-type': 'image/jpeg' } })
  },
}

/** Returns the RGBA pixels, with luma replaced by the result of the network. */
async function sharpen(
  network: InferenceSession,
  pixels: Uint8Array,
  width: number,
  height: number,
): Promise<Uint8Array> {
  const sharper = pixels.slice()
  for (const tile of tilesOf(width, height, TILE, HALO)) {
    const { input } = tile
    const luma = lumaOf(pixels, width, input)
    const x = new Tensor('float32', luma, [1, 1, input.height, input.width])
    const { y } = await network.run({ x })
    replaceLuma(sharper, width, tile, luma, y.data as Float32Array)
  }
  return sharper
}

/** Returns the luma of a tile: ITU-R BT.601 in studio range (16 to 235), divided by 255, as in training. */
function lumaOf(pixels: Uint8Array, stride: number, { x, y, width, height }: Tile['input']) {
  const luma = new Float32Array(width * height)
  for (let row = 0, o = 0; row < height; row++) {
    let p = 4 * ((y + row) * stride + x)
    for (let column = 0; column < width; column++, o++, p += 4) {
      const sum = 65.481 * pixels[p] + 128.553 * pixels[p + 1] + 24.966 * pixels[p + 2]
      luma[o] = (16 + sum / 255) / 255
    }
  }
  return luma
}

/** If luma changes by 1 and chroma stays equal, red, green and blue change by this many levels. */
const LEVELS = (255 * 255) / 219

function replaceLuma(
  pixels: Uint8Array,
  stride: number,
  { core, input }: Tile,
  before: Float32Array,
  after: Float32Array,
): void {
  const clamped = new Uint8ClampedArray(pixels.buffer)
  for (let row = 0; row < core.height; row++) {
    let i = (core.y - input.y + row) * input.width + core.x - input.x
    let p = 4 * ((core.y + row) * stride + core.x)
    for (const end = i + core.width; i < end; i++, p += 4) {
      const more = LEVELS * (after[i] - before[i])
      clamped[p] += more
      clamped[p + 1] += more
      clamped[p + 2] += more
    }
  }
}
