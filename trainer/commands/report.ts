import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { type Command, listOf, oneOf, parseArguments, UsageError } from '../../worker/terminal/arguments.ts'
import { loadBaseline } from '../baseline/loadBaseline.ts'
import { DATA_FOLDER } from './trainOptions.ts'
import { readDataset } from '../data/dataset.ts'
import { createInference, loadRuntime, RUNTIMES } from '../engine/runtime.ts'
import { createStepProgress } from '../evaluate/stepProgress.ts'
import { writeReport } from '../report/writeReport.ts'
import { runFolder } from '../run/folder.ts'

const CROPPED = ['Set5', 'Set14'].map((set) => path.join(DATA_FOLDER, set))
const LEARNED = path.join(DATA_FOLDER, 'T91')

const OPTIONS = {
  data: { value: 'FOLDER,FOLDER', help: `pictures to show crops of (default: ${CROPPED.join(',')}, where they are)` },
  sparse: { value: 'FOLDER', help: `pictures that sparse coding learns from, once (default: ${LEARNED}, where it is)` },
  'no-sparse': { help: 'leave sparse coding out: learning it takes minutes a scale' },
  out: { value: 'FOLDER', help: "where the page goes (default: the run's folder)" },
  runtime: { value: 'NAME', help: `onnxruntime to use: ${RUNTIMES.join(', ')} (default: auto)` },
  help: { help: 'show this' },
} as const

/** One page about a run: curves, scores, filters, crops. */
export const command: Command = {
  summary: 'write a page about a run: curves, scores, filters, crops',
  usage: 'RUN [options]',
  options: OPTIONS,
  async run(args) {
    const given = parseArguments(args, OPTIONS, ['RUN'])
    const [run] = given.words
    if (run === undefined) throw new UsageError('expected RUN to report on, got nothing')
    const folder = runFolder(run)
    const shown = given.data === undefined ? CROPPED.filter(existsSync) : listOf(given.data, 'data', existing('data'))
    if (given.sparse !== undefined && given['no-sparse']) {
      throw new UsageError('expected --sparse or --no-sparse, got both')
    }
    const learned = given.sparse === undefined ? LEARNED : existing('sparse')(given.sparse)
    const runtime = await loadRuntime(oneOf(given.runtime ?? 'auto', 'runtime', RUNTIMES))
    if (given.out !== undefined) await mkdir(given.out, { recursive: true })
    const file = await writeReport(folder, {
      out: given.out,
      sets: await Promise.all(shown.map(readDataset)),
      sparse: !given['no-sparse'] && existsSync(learned) ? (scale) => learnSparse(learned, scale) : undefined,
      engine: await createInference(runtime),
    })
    console.log(file)
  },
}

async function learnSparse(folder: string, scale: number) {
  const progress = createStepProgress()
  const dictionary = await loadBaseline(await readDataset(folder), scale, {
    onProgress: (stage, share) => progress.at(`sparse coding x${scale} learns ${stage}`, share),
  })
  progress.end()
  return dictionary
}

function existing(option: string): (folder: string) => string {
  return (folder) => {
    if (existsSync(folder)) return folder
    throw new UsageError(`expected --${option} to name a folder that exists, got "${folder}"`)
  }
}
