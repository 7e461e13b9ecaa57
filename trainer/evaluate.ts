// npm run evaluate: a PSNR and SSIM table of any model, through the code that serves it.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { createOrtEngine } from '../worker/engine/ort.ts'
import type { Model } from '../worker/engine/upscale.ts'
import { decodeNetwork } from '../worker/model/network.ts'
import { helpOf, listOf, oneOf, parseArguments, runCommand, UsageError } from './arguments.ts'
import { DATA, parseScales, SCALES } from './config.ts'
import { readDataset } from './dataset.ts'
import { INPUTS } from './degrade.ts'
import { loadRuntime, RUNTIMES } from './engine/runtime.ts'
import { readManifest } from './export.ts'
import { scoreSet, type SetScore } from './score.ts'
import { formatScores } from './table.ts'

const OPTIONS = {
  model: { value: 'NAME', help: 'bicubic, a name in the manifest, or an .onnx file with its --scale (default: srcnn)' }, // prettier-ignore
  models: { value: 'FOLDER', help: 'where the manifest is (default: models)' },
  data: { value: 'FOLDER', help: `where the sets are (default: ${DATA})` },
  sets: { value: 'NAME,NAME', help: 'folders in it (default: Set5,Set14)' },
  scale: { value: 'N,N', help: `from ${SCALES.join(', ')} (default: all)` },
  input: { value: 'KIND', help: 'float, as papers measure, or uint8, as a service receives (default: both)' }, // prettier-ignore
  runtime: { value: 'NAME', help: `onnxruntime to use: ${RUNTIMES.join(', ')} (default: auto)` },
  verbose: { help: 'a row for each picture, too' },
  json: { help: 'all of it as JSON' },
  help: { help: 'show this' },
} as const

// A tile of this side needs some 100 MB in the runtime; results do not depend on it.
const MAX_SIDE = 512

await runCommand(async (args) => {
  const given = parseArguments(args, OPTIONS)
  if (given.help) {
    console.log(helpOf('npm run evaluate -- [options]', OPTIONS))
    return
  }
  const name = given.model ?? 'srcnn'
  const scales = parseScales(given.scale)
  if (name.endsWith('.onnx') && scales.length > 1) {
    throw new UsageError(`expected --scale with the one scale that ${name} is for`)
  }
  const inputs = given.input === undefined ? INPUTS : [oneOf(given.input, 'input', INPUTS)]
  const sets = listOf(given.sets ?? 'Set5,Set14', 'sets', String)

  const runtime = await loadRuntime(oneOf(given.runtime ?? 'auto', 'runtime', RUNTIMES))
  const { executionProvider } = runtime
  const engine = createOrtEngine(runtime.api, { executionProvider, maxSide: MAX_SIDE })
  const models = new Map<number, Model>()
  for (const scale of scales) {
    const file = await fileOf(name, scale, given.models ?? 'models')
    if (file) models.set(scale, { engine, network: decodeNetwork(await readFile(file)) })
  }
  const scores: SetScore[] = []
  for (const set of sets) {
    const { pictures } = await readDataset(path.join(given.data ?? DATA, set))
    for (const scale of scales) {
      for (const input of inputs) {
        scores.push(await scoreSet(set, pictures, scale, input, models.get(scale)))
      }
    }
  }
  console.log(given.json ? JSON.stringify(scores, null, 2) : formatScores(name, scores, given.verbose)) // prettier-ignore
})

/** The file of a model at a scale; undefined for bicubic, which has none. */
async function fileOf(name: string, scale: number, folder: string): Promise<string | undefined> {
  if (name === 'bicubic') return undefined
  if (name.endsWith('.onnx')) return name
  const { models } = await readManifest(folder)
  const entry = models.find((model) => model.name === name && model.scale === scale)
  if (entry) return path.join(folder, entry.file)
  const known = models.map((model) => `${model.name} x${model.scale}`).join(', ')
  throw new UsageError(
    `expected --model to be bicubic, an .onnx file or one of the manifest's (${known || 'none'}), got "${name}" at x${scale}`,
  )
}
