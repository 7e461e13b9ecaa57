// The codecs' modules as they are made: those of the installed packages, as importedMemory.ts and slimPhoton.ts
// change them, and ours from its source.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { compiledFile } from './assemblyScript.ts'
import type { CodecFile } from '../codec/files.ts'
import { neededPages, withImportedMemory } from './importedMemory.ts'
import { symbolsSource } from '../codec/jpeg/symbols.ts'
import { buildPhoton } from './slimPhoton.ts'

const PHOTON_FILE = '@cf-wasm/photon/photon.wasm'

/** Those that start with far more memory than they need. */
export const OVERSIZED_FILES = {
  jpegDecoder: '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
  jpegEncoder: '@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm',
  webpDecoder: '@jsquash/webp/codec/dec/webp_dec.wasm',
  webpEncoder: '@jsquash/webp/codec/enc/webp_enc_simd.wasm',
} as const

const MAKE: Readonly<Record<CodecFile, () => Promise<Uint8Array<ArrayBuffer>>>> = {
  'photon.wasm': readPhoton,
  'mozjpeg_dec.wasm': () => readSlim(OVERSIZED_FILES.jpegDecoder),
  'mozjpeg_enc.wasm': () => readSlim(OVERSIZED_FILES.jpegEncoder),
  'jpeg_symbols.wasm': buildSymbols,
  'webp_dec.wasm': () => readSlim(OVERSIZED_FILES.webpDecoder),
  'webp_enc_simd.wasm': () => readSlim(OVERSIZED_FILES.webpEncoder),
}

/** One of files.ts. */
export function makeCodec(file: CodecFile): Promise<Uint8Array<ArrayBuffer>> {
  return MAKE[file]()
}

/** The module of jpeg/symbols.ts, which starts with the least memory there is. */
async function buildSymbols(): Promise<Uint8Array<ArrayBuffer>> {
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
