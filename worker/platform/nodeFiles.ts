// The codecs' modules in Node.
import { readMade } from '#artefacts'
import { compileModule } from './compileModule.ts'
import { CODEC_FILES, type CodecModules } from '../codec/files.ts'

/** Reads and compiles the six modules; some 50 ms, so once a process is enough. */
export async function loadCodecModules(): Promise<CodecModules> {
  const compiled = Object.entries(CODEC_FILES).map(
    async ([name, file]) => [name, await compileModule(await readMade(`codec/${file}`))] as const,
  )
  return Object.fromEntries(await Promise.all(compiled)) as unknown as CodecModules
}
