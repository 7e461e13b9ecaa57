// The codecs' modules in Node, compiled from the installed packages.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { CodecModules } from './codec.ts'

/** Reads and compiles the five modules; some 50 ms, so once a process is enough. */
export async function loadCodecModules(): Promise<CodecModules> {
  const { resolve } = createRequire(import.meta.url)
  const compile = async (file: string) => WebAssembly.compile(await readFile(resolve(file)))
  const [photon, jpegDecoder, jpegEncoder, webpDecoder, webpEncoder] = await Promise.all([
    compile('@cf-wasm/photon/photon.wasm'),
    compile('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'),
    compile('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'),
    compile('@jsquash/webp/codec/dec/webp_dec.wasm'),
    compile('@jsquash/webp/codec/enc/webp_enc_simd.wasm'),
  ])
  return { photon, jpegDecoder, jpegEncoder, webpDecoder, webpEncoder }
}
