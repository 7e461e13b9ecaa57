// The codecs' modules in Node.
import { readArtefact } from '#artefacts'
import { compileModule } from './compileModule.ts'
import type { CodecModules } from '../codec/codec.ts'
import { CODEC_FILES } from '../codec/files.ts'

/** Reads and compiles the six modules; some 50 ms, so once a process is enough. */
export async function loadCodecModules(): Promise<CodecModules> {
  const compiled = Object.entries(CODEC_FILES).map(
    async ([name, file]) => [name, await compileModule(await readArtefact(`codec/${file}`))] as const,
  )
  return Object.fromEntries(await Promise.all(compiled)) as unknown as CodecModules
}
