// `npm run build`: writes dist/ for the worker. A first build takes seconds of CPU, so codecs and kernels are built at
// the same time by two processes. Each process runs this script with the argument `codecs` or `kernels`.
// `npm run build -- --record` does it in one process, and records in dist.sha256 what it built.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { CODEC_FILES } from '../codec/files.ts'
import { KERNEL_NAMES } from '../engine/fused.ts'
import { ARITHMETICS } from '../engine/kernel/arithmetic.ts'
import { runCommand, UsageError } from '../terminal/arguments.ts'
import { cachedBuild, recordBuild } from './buildCache.ts'
import { buildCodec } from './codecs.ts'
import { buildKernel, buildPixelKernel, PIXEL_KERNELS } from './kernels.ts'

const PARTS: Readonly<Record<string, () => Promise<void>>> = { codecs: buildCodecs, kernels: buildKernels }
const RECORD = '--record'

await runCommand(async ([argument]) => {
  if (argument === undefined) await Promise.all(Object.keys(PARTS).map((part) => run('main.ts', part)))
  else if (argument === RECORD) await recordBuild(buildParts)
  else if (Object.hasOwn(PARTS, argument)) return PARTS[argument]()
  else throw new UsageError(`expected no argument or ${RECORD}, got "${argument}"`)
  await run('assets.ts') // copies the modules, too
})

async function buildParts(): Promise<void> {
  for (const build of Object.values(PARTS)) await build()
}

async function buildCodecs(): Promise<void> {
  const codecs = Object.values(CODEC_FILES).map(async (file) => [file, await buildCodec(file)] as const)
  for (const [file, wasm] of await Promise.all(codecs)) {
    await cachedBuild(`codec/${file}`, [wasm], () => Promise.resolve(wasm))
  }
}

async function buildKernels(): Promise<void> {
  for (const kind of ARITHMETICS) for (const kernel of KERNEL_NAMES) await buildKernel(kernel, kind)
  await Promise.all(PIXEL_KERNELS.map(buildPixelKernel))
}

/** Runs a script of this folder in a separate process, with the same TypeScript loader as this process. */
async function run(script: string, ...args: string[]): Promise<void> {
  const path = join(import.meta.dirname, script)
  const child = spawn(process.execPath, [...process.execArgv, path, ...args], { stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) process.exit(code ?? 1)
}
