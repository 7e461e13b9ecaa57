// Builds the codecs' modules. Those for JPEG and PNG are compiled from AssemblyScript. The others come from installed
// packages and are changed by importedMemory.ts and slimPhoton.ts.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { compileAssemblyScript } from './assemblyScript.ts'
import type { CodecFile } from '../codec/files.ts'
import * as jpegDecoderLayout from '../codec/jpeg/decoderLayout.ts'
import * as jpegEncoderLayout from '../codec/jpeg/encoderLayout.ts'
import * as pngDecoderLayout from '../codec/png/decoderLayout.ts'
import * as pngEncoderLayout from '../codec/png/encoderLayout.ts'
import { neededPages, withImportedMemory } from './importedMemory.ts'
import { buildPhoton } from './slimPhoton.ts'

const PHOTON_FILE = '@cf-wasm/photon/photon.wasm'

/** Modules with a far larger initial memory than they need. */
export const OVERSIZED_FILES = {
  webpDecoder: '@jsquash/webp/codec/dec/webp_dec.wasm',
  webpEncoder: '@jsquash/webp/codec/enc/webp_enc_simd.wasm',
} as const

const BUILDS: Readonly<Record<CodecFile, () => Promise<Uint8Array<ArrayBuffer>>>> = {
  'photon.wasm': readPhoton,
  'jpeg_decoder.wasm': () => buildOwn('jpeg', 'decoder', { decoderLayout: jpegDecoderLayout }),
  'jpeg_encoder.wasm': () => buildOwn('jpeg', 'encoder', { encoderLayout: jpegEncoderLayout }),
  'png_decoder.wasm': () => buildOwn('png', 'decoder', { decoderLayout: pngDecoderLayout }),
  'png_encoder.wasm': () => buildOwn('png', 'encoder', { encoderLayout: pngEncoderLayout }),
  'webp_dec.wasm': () => readSlim(OVERSIZED_FILES.webpDecoder),
  'webp_enc_simd.wasm': () => readSlim(OVERSIZED_FILES.webpEncoder),
}

/** Returns the module for a file name in codec/files.ts. */
export function buildCodec(file: CodecFile): Promise<Uint8Array<ArrayBuffer>> {
  return BUILDS[file]()
}

/** Compiles the program `codec/FORMAT/NAME.as.ts`. */
async function buildOwn(
  format: 'jpeg' | 'png',
  name: 'decoder' | 'encoder',
  constants: Record<string, object>,
): Promise<Uint8Array<ArrayBuffer>> {
  const program = {
    file: new URL(`../codec/${format}/${name}.as.ts`, import.meta.url),
    unrolled: '',
    constants,
    features: ['simd'] as const,
    pages: 1,
    mayGrow: true,
  }
  return withImportedMemory(await compileAssemblyScript(`codec/plain_${format}_${name}`, program))
}

export async function readPhoton(): Promise<Uint8Array<ArrayBuffer>> {
  return withImportedMemory(await buildPhoton(await readPackaged(PHOTON_FILE)))
}

/** Returns the module `file`, one of OVERSIZED_FILES, with its initial memory reduced to what it needs. */
export async function readSlim(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const wasm = await readPackaged(file)
  return withImportedMemory(wasm, neededPages(wasm))
}

/** Reads a file of an installed package. */
export async function readPackaged(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(createRequire(import.meta.url).resolve(file)))
}
