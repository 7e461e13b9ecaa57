// The codecs' modules in Node: those of the installed packages, as imported-memory.ts and slim-photon.ts change
// them, and ours from its source.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { compiledFile, compileModule } from '../compiled.ts'
import type { CodecModules } from './codec.ts'
import { neededPages, withImportedMemory } from './imported-memory.ts'
import { symbolsSource } from './jpeg/symbols.ts'
import { buildPhoton } from './slim-photon.ts'

const PHOTON_FILE = '@cf-wasm/photon/photon.wasm'

/** Those that start with far more memory than they need. */
export const OVERSIZED_FILES = {
  jpegDecoder: '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
  jpegEncoder: '@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm',
  webpDecoder: '@jsquash/webp/codec/dec/webp_dec.wasm',
  webpEncoder: '@jsquash/webp/codec/enc/webp_enc_simd.wasm',
} as const

/** Reads and compiles the six modules; some 50 ms, so once a process is enough. */
export async function loadCodecModules(): Promise<CodecModules> {
  const [photon, jpegDecoder, jpegEncoder, jpegSymbols, webpDecoder, webpEncoder] =
    await Promise.all([
      compile(readPhoton()),
      compile(readSlim(OVERSIZED_FILES.jpegDecoder)),
      compile(readSlim(OVERSIZED_FILES.jpegEncoder)),
      compile(buildSymbols()),
      compile(readSlim(OVERSIZED_FILES.webpDecoder)),
      compile(readSlim(OVERSIZED_FILES.webpEncoder)),
    ])
  return { photon, jpegDecoder, jpegEncoder, jpegSymbols, webpDecoder, webpEncoder }
}

/** The module of jpeg/symbols.ts, which starts with the least memory there is. */
export async function buildSymbols(): Promise<Uint8Array<ArrayBuffer>> {
  const program = { source: symbolsSource(), features: [], pages: 1, mayGrow: true }
  return withImportedMemory(await compiledFile('codec', 'plain_symbols', program))
}

export async function readPhoton(): Promise<Uint8Array<ArrayBuffer>> {
  return withImportedMemory(await buildPhoton(await readPackaged(PHOTON_FILE)))
}

/** One of OVERSIZED_FILES, made to take the memory that it needs. */
export async function readSlim(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const wasm = await readPackaged(file)
  return withImportedMemory(wasm, neededPages(wasm))
}

export async function readPackaged(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(createRequire(import.meta.url).resolve(file)))
}

async function compile(wasm: Promise<Uint8Array<ArrayBuffer>>): Promise<WebAssembly.Module> {
  return compileModule(await wasm)
}
