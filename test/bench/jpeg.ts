// Compares our JPEG codec with MozJPEG (jSquash's WebAssembly) and with libjpeg-turbo (sharp, native, one thread). The
// picture is a mosaic of a sample.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import createMozDecoder from '@jsquash/jpeg/codec/dec/mozjpeg_dec.js'
import sharp from 'sharp'
import { encodeByMozJpeg } from '../../trainer/data/mozjpeg.ts'
import { createCodec } from '../../worker/codec/codec.ts'
import { readHeader } from '../../worker/codec/header.ts'
import { createInstances } from '../../worker/codec/instance.ts'
import { createJpegDecoder, createJpegDecoderModule } from '../../worker/codec/jpeg/decoder.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import { sharpOf } from '../support/pictures/codec.ts'
import { compare, cpuMs, type Table } from './compare.ts'

const SERVED = { subsampling: '4:2:0', steps: 'robidoux' } as const
const FULL_CHROMA = { subsampling: '4:4:4', steps: 'robidoux' } as const
const SIDES = [256, 1024, 3464]
const QUALITIES = [40, 60, 75, 85, 95]

export async function benchJpeg({ rounds = 10 }: { readonly rounds?: number }): Promise<Table[]> {
  sharp.concurrency(1)
  const modules = await loadCodecModules()
  const codec = createCodec(modules)
  const instances = createInstances()
  const sample = new Uint8Array(await readFile('worker/assets/samples/harbour.jpg'))
  const picture = await codec.decode(sample, readHeader(sample))
  const mozDecoder = await loadMozDecoder()
  const tables: Table[] = []
  const options = { rounds, warmups: 2, clock: cpuMs }
  for (const side of SIDES) {
    const large = mosaicOf(picture, side)
    const grey = greyOf(large)
    const perPixel = `1 ms is ${(1e6 / side ** 2).toFixed(2)} ns a pixel`
    const of = (settings: sharp.JpegOptions) =>
      sharpOf(large)
        .removeAlpha()
        .jpeg({ mozjpeg: false, ...settings })
        .toBuffer()
    const encoders = [
      { name: 'ours', run: () => codec.encode(large, { format: 'jpeg', quality: 85 }) },
      { name: 'MozJPEG', run: () => encodeByMozJpeg(large, 85, SERVED) },
      { name: 'libjpeg-turbo', run: () => of({ quality: 85 }) },
      { name: 'ours, 4:4:4', run: () => codec.encode(large, { format: 'jpeg', quality: 85, jpeg: FULL_CHROMA }) },
      { name: 'MozJPEG, 4:4:4', run: () => encodeByMozJpeg(large, 85, FULL_CHROMA) },
      { name: 'ours, grey', run: () => codec.encode(grey, { format: 'jpeg', quality: 85 }) },
      { name: 'MozJPEG, grey', run: () => encodeByMozJpeg(grey, 85, SERVED) },
    ]
    tables.push(await compare(`encode ${side}², q85, CPU time`, encoders, { ...options, notes: [perPixel] }))
    const files = {
      baseline: await of({ quality: 90 }),
      progressive: await of({ quality: 90, progressive: true }),
      '4:4:4': await of({ quality: 90, chromaSubsampling: '4:4:4' }),
      grey: await sharpOf(grey).removeAlpha().toColourspace('b-w').jpeg({ quality: 90, mozjpeg: false }).toBuffer(),
    }
    for (const [kind, buffer] of Object.entries(files)) {
      const file = new Uint8Array(buffer)
      let memory = 0
      const planes = () =>
        instances.run(createJpegDecoderModule, modules.jpegDecoder, (module) => {
          for (const _ of createJpegDecoder(module, file).planes());
          memory = module.memory.buffer.byteLength
        })
      await planes()
      const decoders = [
        { name: 'ours, RGBA', run: () => codec.decode(file, readHeader(file)) },
        { name: 'ours, planes by rows', run: planes },
        { name: 'MozJPEG, RGBA', run: () => mozDecoder.decode(file, false) },
        { name: 'libjpeg-turbo, RGBA', run: () => sharp(file).ensureAlpha().raw().toBuffer() },
      ]
      const title = `decode ${kind} ${side}², q90, CPU time`
      const notes = [perPixel, `our memory: ${megabytes(memory)} MB, of which the file ${megabytes(file.length)} MB`]
      tables.push(await compare(title, decoders, { ...options, notes }))
    }
  }
  const [first, ...others] = tables
  return [{ ...first, notes: [...first.notes, ...(await sizesOf(picture))] }, ...others]

  /** Returns a line for each quality: bytes and PSNR of the three encoders. */
  async function sizesOf(of: Rgba): Promise<string[]> {
    const lines: string[] = []
    for (const quality of QUALITIES) {
      const files = {
        ours: await codec.encode(of, { format: 'jpeg', quality }),
        MozJPEG: await encodeByMozJpeg(of, quality, SERVED),
        'libjpeg-turbo': await sharpOf(of)
          .removeAlpha()
          .jpeg({ quality, mozjpeg: false, optimizeCoding: true })
          .toBuffer(),
      }
      const parts = await Promise.all(
        Object.entries(files).map(async ([name, file]) => {
          const { data } = await codec.decode(file, readHeader(file))
          return `${name} ${file.length} bytes ${psnrOf(of.data, data).toFixed(2)} dB`
        }),
      )
      lines.push(`q${quality}: ${parts.join(', ')}`)
    }
    return lines
  }
}

/** Returns the PSNR over red, green and blue, in dB. */
function psnrOf(a: Rgba['data'], b: Rgba['data']): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) if (i % 4 < 3) sum += (a[i] - b[i]) ** 2
  return 10 * Math.log10((255 ** 2 * 0.75 * a.length) / sum)
}

/** Returns a square picture that repeats `picture`. */
function mosaicOf({ width, height, data }: Rgba, side: number): Rgba {
  const mosaic = new Uint32Array(side * side)
  const pixels = new Uint32Array(data.buffer, data.byteOffset, width * height)
  for (let y = 0; y < side; y++) {
    const row = pixels.subarray((y % height) * width, ((y % height) + 1) * width)
    for (let x = 0; x < side; x += width) mosaic.set(row.subarray(0, Math.min(width, side - x)), y * side + x)
  }
  return { width: side, height: side, data: new Uint8ClampedArray(mosaic.buffer) }
}

/** Returns the green channel as a grey picture. */
function greyOf({ width, height, data }: Rgba): Rgba {
  return { width, height, data: data.map((value, i) => (i % 4 === 3 ? value : data[i - (i % 4) + 1])) }
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2)

async function loadMozDecoder(): Promise<{ decode(file: Uint8Array, keepsOrientation: boolean): Rgba | null }> {
  const path = createRequire(import.meta.url).resolve('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm')
  const options: object = { wasmBinary: await readFile(path) }
  return createMozDecoder(options) as never
}
