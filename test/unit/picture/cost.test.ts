import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { readHeader } from '../../../worker/codec/header.ts'
import { estimateCost } from '../../../worker/picture/cost.ts'
import type { Engine } from '../../../worker/engine/engine.ts'
import { createNetwork, SRCNN_915 } from '../../../worker/model/network.ts'

/** Returns the header of a BMP of this size. */
function bmp(width: number, height: number) {
  const bytes = new Uint8Array(54 + 3 * width * height)
  const view = new DataView(bytes.buffer)
  bytes.set([0x42, 0x4d])
  view.setUint32(10, 54, true)
  view.setUint32(14, 40, true)
  view.setInt32(18, width, true)
  view.setInt32(22, height, true)
  view.setUint16(26, 1, true)
  view.setUint16(28, 24, true)
  return readHeader(bytes)
}

const network = createNetwork(SRCNN_915)
const engine = { name: 'some', maxSide: 64, nsPerMac: 0.1 } as Engine
const wish = { divisor: 1, scale: 2, width: 200, height: 100, format: 'png' } as const

test('the CPU time of a network is its number of multiplications times the engine’s time per multiplication', () => {
  const header = bmp(100, 50)
  expect(header.obstacle).toBe(undefined)
  const [plain, sharper] = [undefined, { network, engine }].map((model) => estimateCost(header, 999, wish, model))
  expect(sharper.cpuMs - plain.cpuMs).toBeCloseTo((200 * 100 * 8032 * 0.1) / 1e6)
  expect(plain.cpuMs).toBeGreaterThan(0)
})

test('a picture with more pixels, more bytes or transparency costs more', () => {
  const header = bmp(100, 50)
  const { cpuMs, memoryBytes } = estimateCost(header, 999, wish, undefined)
  const larger = estimateCost(bmp(100, 51), 999, wish, undefined)
  expect(larger.cpuMs).toBeGreaterThan(cpuMs)
  expect(larger.memoryBytes).toBeGreaterThan(memoryBytes)
  expect(estimateCost(header, 99_999, wish, undefined).memoryBytes).toBeGreaterThan(memoryBytes)
  for (const format of ['png', 'webp'] as const) {
    const opaque = estimateCost(header, 999, { ...wish, format }, undefined)
    const clear = estimateCost({ ...header, alpha: true }, 999, { ...wish, format }, undefined)
    expect(clear.memoryBytes).toBeGreaterThan(opaque.memoryBytes)
  }
})

describe('a JPEG that is shrunk', async () => {
  const size = { width: 1600, height: 1200 }
  const make = (progressive: boolean) =>
    sharp({ create: { ...size, channels: 3, background: '#345' } }).jpeg({ progressive })
  const [baseline, progressive, turned] = await Promise.all([
    make(false).toBuffer(),
    make(true).toBuffer(),
    make(false).withMetadata({ orientation: 6 }).toBuffer(),
  ])
  const small = { width: 160, height: 120 }
  const costOf = (file: Uint8Array, divisor: 1 | 2 | 4 | 8, result = small) =>
    estimateCost(readHeader(file), 999, { divisor, scale: 1, ...result, format: 'jpeg' }, undefined)

  test('takes less memory than its pixels, and less time if it is decoded at a smaller scale', () => {
    expect(costOf(baseline, 1).memoryBytes).toBeLessThan(10e6 + 2 * size.width * size.height + 6e6)
    expect(costOf(baseline, 4).cpuMs).toBeLessThan(costOf(baseline, 1).cpuMs)
  })

  test('takes more memory and time for each scan if it is progressive, and less memory at a smaller scale', () => {
    const { coefficientBytes, scans } = readHeader(progressive)
    expect(scans).toBeGreaterThan(5)
    expect(costOf(progressive, 1).memoryBytes - costOf(baseline, 1).memoryBytes).toBe(coefficientBytes)
    expect(costOf(progressive, 4).memoryBytes).toBeLessThan(costOf(progressive, 2).memoryBytes)
    expect(costOf(progressive, 1).cpuMs).toBeGreaterThan(2 * costOf(baseline, 1).cpuMs - costOf(baseline, 8).cpuMs)
  })

  test('takes a second copy of its result if it has to be turned', () => {
    const large = { width: 1590, height: 1190 }
    expect(costOf(turned, 1, large).memoryBytes).toBeGreaterThan(costOf(baseline, 1, large).memoryBytes)
  })
})

describe('an interlaced PNG', async () => {
  const size = { width: 4000, height: 4000 }
  const make = (progressive: boolean) =>
    sharp({ create: { ...size, channels: 3, background: '#345' } })
      .png({ progressive })
      .toBuffer()
  const [plain, interlaced] = await Promise.all([make(false), make(true)])
  const small = { width: 1280, height: 1280 }
  const costOf = (file: Uint8Array) =>
    estimateCost(readHeader(file), file.length, { divisor: 1, scale: 1, ...small, format: 'png' }, undefined)

  // In workerd, 4100 x 4100 pixels took 80 MB in all, uncollected garbage included.
  test('takes as much more memory than others as its pixels, so that 16 megapixels fit into 100 MB', () => {
    const excess = costOf(interlaced).memoryBytes - costOf(plain).memoryBytes
    expect(excess / (size.width * size.height)).toBeCloseTo(4, 1)
    expect(costOf(interlaced).memoryBytes).toBeLessThan(100e6)
  })

  test('takes more time than others', () => {
    expect(costOf(interlaced).cpuMs).toBeGreaterThan(costOf(plain).cpuMs)
  })
})
