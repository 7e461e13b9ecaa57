// Part of `npm run build`: the codecs' modules, which workers.ts imports.
import { builtFile } from './buildCache.ts'
import { CODEC_FILES } from '../codec/files.ts'
import { makeCodec } from './codecs.ts'

const made = Object.values(CODEC_FILES).map(async (file) => [file, await makeCodec(file)] as const)

for (const [file, wasm] of await Promise.all(made)) {
  await builtFile(`codec/${file}`, [wasm], () => Promise.resolve(wasm))
}
