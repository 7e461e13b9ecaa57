import { describe, expect, test } from 'vitest'
import { readArtefact } from '#artefacts'
import type { Engine } from '../../../worker/engine/engine.ts'
import { createFusedEngine } from '../../../worker/engine/fused.ts'
import { createOrtEngine } from '../../../worker/engine/ort.ts'
import { reference } from '../../../worker/engine/reference.ts'
import { planeOf } from '../../../worker/engine/planes.ts'
import { type Model, upscale, upscalePlane, upscalePlanes, upscaleRows } from '../../../worker/engine/upscale.ts'
import { createVectorEnlarger } from '../../../worker/engine/vectorEnlarger.ts'
import { lumaOf, mergeYCbCr, splitYCbCr } from '../../../worker/image/color.ts'
import { type Plane, type Rgba } from '../../../worker/image/plane.ts'
import { resize } from '../../../worker/image/resize.ts'
import { collectRows, type Rows, rowsOf } from '../../../worker/image/rows.ts'
import { haloOf, SRCNN_915, subPixelArchitecture } from '../../../worker/model/network.ts'
import { decodeNetwork } from '../../../worker/model/networkFile.ts'
import { compileKernels, compilePictureKernel } from '../../../worker/platform/nodeFiles.ts'
import { ort } from '../../support/engine/ort.ts'
import { maxDifference, sampleNetwork, samplePlane, samplePlanes, sampleRgba } from '../../support/engine/samples.ts'

const SMALL = { kernels: [5, 1, 3], widths: [6, 4], residual: true }
const onnxruntime = createOrtEngine(ort, { executionProvider: 'wasm' })

const capped = (engine: Engine, maxSide: number): Engine => ({ ...engine, maxSide })

describe('a picture computed in tiles equals the picture computed as a whole', () => {
  for (const padding of ['edge', 'zero'] as const) {
    const network = sampleNetwork(SMALL, padding)
    test.each([
      [31, 23, 2, 17],
      [31, 23, 3, 31],
      [9, 40, 4, 12],
      [50, 2, 2, 64],
    ])(
      `bit for bit on the reference engine, with ${padding} padding: %i x %i, enlarged x%i in tiles of %i`,
      async (w, h, s, side) => {
        const plane = samplePlane(w, h)
        const whole = await upscalePlane(plane, s, { network, engine: reference })
        const tiled = await upscalePlane(plane, s, { network, engine: capped(reference, side) })
        expect(tiled).toEqual(whole)
      },
    )
  }

  for (const padding of ['edge', 'zero'] as const) {
    test.each([
      [31, 23, 2, 17],
      [31, 23, 3, 12],
      [9, 40, 4, 16],
      [300, 4, 4, Infinity], // one tile
    ])(
      `with a network that enlarges and ${padding} padding: %i x %i, enlarged x%i in tiles of %i`,
      async (w, h, scale, side) => {
        const network = sampleNetwork({ ...subPixelArchitecture(scale, 4, 1), residual: true }, padding)
        const planes = samplePlanes(1, w, h)
        const detail = await reference.run(network, planes)
        const large = resize(planeOf(planes, 0), w * scale, h * scale)
        const tiled = await upscalePlanes(planes, scale, { network, engine: capped(reference, side) })
        expect(tiled.data).toEqual(large.data.map((v, i) => Math.fround(v + detail.data[i])))
        const plain = { ...network, residual: false }
        const alone = await upscalePlanes(planes, scale, { network: plain, engine: capped(reference, side) })
        expect(alone).toEqual(detail)
      },
    )
  }

  test('for three planes (and without a network, each plane equals its bicubic enlargement)', async () => {
    const planes = samplePlanes(3, 21, 17)
    const network = sampleNetwork({ ...SMALL, channels: 3 })
    const whole = await upscalePlanes(planes, 3, { network, engine: reference })
    const tiled = await upscalePlanes(planes, 3, { network, engine: capped(reference, 29) })
    expect(tiled).toEqual(whole)
    const larger = await upscalePlanes(planes, 3)
    for (const c of [0, 1, 2]) {
      expect(planeOf(larger, c)).toEqual(resize(planeOf(planes, c), 63, 51))
    }
  })

  test('up to 2e-6 on onnxruntime, whose order of summation depends on the width', async () => {
    const network = sampleNetwork(SRCNN_915)
    expect(haloOf(network)).toBe(6)
    const plane = samplePlane(70, 45)
    const whole = await upscalePlane(plane, 3, { network, engine: onnxruntime })
    const tiled = await upscalePlane(plane, 3, { network, engine: capped(onnxruntime, 64) })
    expect(maxDifference(tiled.data, whole.data)).toBeLessThan(2e-6)
  })

  test('in colour, with and without a network', async () => {
    const picture = sampleRgba(33, 21)
    const network = sampleNetwork(SMALL)
    const whole = await upscale(picture, 3, { network, engine: reference })
    const tiled = await upscale(picture, 3, { network, engine: capped(reference, 29) })
    expect(tiled).toEqual(whole)
    const wide = sampleRgba(300, 5) // more than one bicubic tile
    expect((await upscale(wide, 2)).data).toEqual(bicubic(wide, 2).data)
  })
})

describe('a picture computed in slabs equals the picture computed as a whole', () => {
  const enlarging = { ...subPixelArchitecture(3, 4, 1), residual: true }
  const networks = {
    'bicubic alone': undefined,
    'a network': sampleNetwork(SMALL),
    'a network that enlarges': sampleNetwork(enlarging),
    'a network that enlarges, without residual': { ...sampleNetwork(enlarging), residual: false },
  }
  for (const [name, network] of Object.entries(networks)) {
    test.each([
      [23, 40, 7],
      [23, 41, 13],
      [5, 30, 1],
      [1, 3, 2],
      [30, 1, 4],
      [9, 20, 100],
    ])(`bit for bit with ${name}: %i x %i pixels in slabs of %i rows`, async (width, height, slabRows) => {
      const model = network && { network, engine: reference }
      for (const hasAlpha of [false, true]) {
        const picture = hasAlpha ? withAlpha(sampleRgba(width, height)) : sampleRgba(width, height)
        const whole = await upscale(picture, 3, model)
        for (const rows of [rowsOf(picture), oneByOne(picture)]) {
          const slabs = await collectRows(upscaleRows(rows, { scale: 3, hasAlpha, model, slabRows }))
          expect(slabs).toEqual(whole)
        }
      }
    })
  }

  test('except for the rounding of our kernels, which changes few bytes, by one level', async () => {
    const { arithmetic, modules } = compileKernels()
    const engine = createFusedEngine(modules, { name: arithmetic })
    const picture = sampleRgba(150, 300)
    for (const model of [undefined, await fastModel(engine)]) {
      const enlarger = createVectorEnlarger(compilePictureKernel())
      const { data } = await upscale(picture, 2, model, enlarger)
      const given = { scale: 2, hasAlpha: false, model, enlarger, slabRows: 64 }
      const slabs = await collectRows(upscaleRows(rowsOf(picture), given))
      expect(maxDifference(slabs.data, data)).toBeLessThanOrEqual(model ? 1 : 0)
      const changed = slabs.data.filter((value, i) => value !== data[i]).length
      expect(changed / data.length).toBeLessThan(1e-4)
    }
  })

  test('rows that are missing are an error', async () => {
    const picture = sampleRgba(5, 9)
    const rows = { width: 5, height: 10, bands: [picture.data] }
    await expect(collectRows(upscaleRows(rows, { scale: 2, hasAlpha: false }))).rejects.toThrow('expected 10 rows')
  })
})

test('a network that enlarges by a factor other than the requested scale is refused', async () => {
  const model = { network: sampleNetwork(subPixelArchitecture(3, 4, 1)), engine: reference }
  await expect(upscale(sampleRgba(4, 4), 2, model)).rejects.toThrow(
    'expected a network for x2, got one that enlarges x3',
  )
})

test.each([NaN, Infinity])('upscale rejects if the network’s result contains %d', async (value) => {
  const run: Engine['run'] = async (network, input) => {
    const given = await reference.run(network, input)
    given.data[7] = value
    return given
  }
  const model = { network: sampleNetwork({ kernels: [3], widths: [] }), engine: { ...reference, run } }
  await expect(upscale(sampleRgba(4, 4), 2, model)).rejects.toThrow('got NaN or infinity')
})

describe('upscale', () => {
  test('runs the network on luma only, and returns the luma of upscalePlane except for the rounding to bytes', async () => {
    const picture = smooth(24, 18)
    const network = sampleNetwork({ kernels: [3], widths: [] })
    network.layers[0].weights.set([0, 0, 0, 0, 0.9, 0, 0, 0, 0])
    network.layers[0].bias.fill(0.02)
    const model = { network, engine: reference }
    const got = lumaOf(await upscale(picture, 2, model))
    const want = await upscalePlane(lumaOf(picture), 2, model)
    expect(maxDifference(got.data, want.data)).toBeLessThan(0.5 / 255 + 1e-4)
  })

  test('returns an opaque picture for an opaque picture, and does not change its input', async () => {
    const picture = sampleRgba(8, 6)
    const before = picture.data.slice()
    const { data } = await upscale(picture, 2)
    expect(data.every((v, i) => i % 4 !== 3 || v === 255)).toBe(true)
    expect(picture.data).toEqual(before)
  })

  test('rejects if the engine rejects', async () => {
    const broken: Engine = { name: 'broken', maxSide: 64, run: () => Promise.reject(new Error('no engine')) }
    const model = { network: sampleNetwork(SMALL), engine: broken }
    await expect(upscale(sampleRgba(4, 4), 2, model)).rejects.toThrow('no engine')
  })
})

describe('in an enlarged picture with transparency', () => {
  /**
   * Returns a picture that is opaque white on the left and fully transparent on the right. The transparent pixels are
   * green, which must not become visible.
   */
  function edge(): Rgba {
    const data = Uint8Array.from({ length: 20 * 10 * 4 }, (_, i) => {
      const isClear = (i >> 2) % 20 >= 10
      return isClear ? [0, 255, 0, 0][i % 4] : 255
    })
    return { width: 20, height: 10, data }
  }
  /** A network that sharpens and also changes uniform planes a little. Opaque pixels must stay opaque nevertheless. */
  const network = sampleNetwork({ kernels: [3], widths: [], residual: true })
  network.layers[0].weights.set([-0.1, -0.1, -0.1, -0.1, 0.8, -0.1, -0.1, -0.1, -0.1])
  network.layers[0].bias.fill(-0.01)

  /**
   * A network that enlarges three times, sharpens, and changes uniform planes: the nine results of a pixel have
   * different biases.
   */
  const enlarging = sampleNetwork({ kernels: [3], widths: [], scale: 3, residual: true })
  const taps = [-0.1, -0.1, -0.1, -0.1, 0.8, -0.1, -0.1, -0.1, -0.1]
  enlarging.layers[0].weights.forEach((_, i, all) => (all[i] = taps[i % 9]))
  enlarging.layers[0].bias.forEach((_, i, all) => (all[i] = 0.003 * (i - 4)))

  test.each([
    ['bicubic', undefined],
    ['a network', { network, engine: reference }],
    ['a network that enlarges', { network: enlarging, engine: reference }],
  ])('opaque pixels stay opaque, transparent pixels and their colours stay invisible, with %s', async (_, model) => {
    const { width, height, data } = await upscale(edge(), 3, model)
    for (let i = 0; i < width * height; i++) {
      const [red, green, blue, alpha] = data.subarray(4 * i, 4 * i + 4)
      const x = i % width
      if (x < 24) expect(alpha).toBe(255)
      if (x >= 36) expect(alpha).toBe(0)
      // If the hidden green does not leak into the white, every visible pixel is grey.
      if (alpha > 0) expect(Math.max(red, green, blue) - Math.min(red, green, blue)).toBeLessThan(2)
    }
  })

  test('white stays white along the edge to transparent pixels, because luma and alpha are enlarged alike', async () => {
    // Without a bias the network changes alpha and luma alike, and the two changes cancel out.
    network.layers[0].bias.fill(0)
    const { data } = await upscale(edge(), 3, { network, engine: reference })
    for (let p = 0; p < data.length; p += 4) {
      if (data[p + 3] > 8) expect(Math.min(data[p], data[p + 1], data[p + 2])).toBeGreaterThan(252)
    }
  })
})

function withAlpha({ data, ...size }: Rgba): Rgba {
  return { ...size, data: data.map((value, i) => (i % 4 === 3 ? (i * 37) % 256 : value)) }
}

/** Returns the rows of a picture one by one, each only valid until the next. */
function oneByOne({ width, height, data }: Rgba): Rows {
  async function* bands() {
    const row = new Uint8Array(4 * width)
    for (let y = 0; y < height; y++) {
      row.set(data.subarray(4 * width * y, 4 * width * (y + 1)))
      yield row
      row.fill(99)
    }
  }
  return { width, height, bands: bands() }
}

async function fastModel(engine: Engine): Promise<Model> {
  const network = decodeNetwork(await readArtefact('models/fast-x2.onnx'))
  return { network, engine }
}

/** Enlarges Y, Cb and Cr by bicubic, as upscale does without a network. */
function bicubic(picture: Rgba, scale: number): Rgba {
  const width = picture.width * scale
  const height = picture.height * scale
  const data = new Uint8ClampedArray(4 * width * height).fill(255)
  const planes = splitYCbCr(picture)
  const larger = (plane: Plane) => resize(plane, width, height)
  mergeYCbCr({ y: larger(planes.y), cb: larger(planes.cb), cr: larger(planes.cr) }, { width, height, data }, 0, 0)
  return { width, height, data }
}

/** Returns a picture whose colours are far from the limits of RGB, so that no value is clamped. */
function smooth(width: number, height: number): Rgba {
  const data = new Uint8Array(4 * width * height)
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)]
    data.set([100 + 2 * x, 110 + 2 * y, 120 + x, 255], 4 * i)
  }
  return { width, height, data }
}
