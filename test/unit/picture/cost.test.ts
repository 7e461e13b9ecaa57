import { expect, test } from 'vitest'
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
