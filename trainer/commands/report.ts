import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Command, listOf, oneOf, parseArguments, UsageError } from '../../worker/terminal/arguments.ts'
import { makeFolder } from '../../worker/terminal/makeFolder.ts'
import { print } from '../../worker/terminal/print.ts'
import { readPictureSet } from '../data/pictureSet.ts'
import { createInference, loadOnnxRuntime, ONNX_RUNTIMES } from '../engine/onnxRuntime.ts'
import { createDictionaryLoader } from '../evaluate/dictionaryLoader.ts'
import { writeReport } from '../report/writeReport.ts'
import { findRunFolder } from '../run/runFolders.ts'
import { DATA_FOLDER } from './trainOptions.ts'

const CROPPED = ['Set5', 'Set14'].map((set) => path.join(DATA_FOLDER, set))
const LEARNED = path.join(DATA_FOLDER, 'T91')

const OPTIONS = {
  data: { value: 'FOLDER,FOLDER', help: `pictures to show crops of (default: ${CROPPED.join(',')}, if they exist)` },
  sparse: {
    value: 'FOLDER',
    help: `pictures that sparse coding learns from, once (default: ${LEARNED}, if it exists)`,
  },
  'no-sparse': { help: 'omit sparse coding, which takes minutes per scale to learn' },
  out: { value: 'FOLDER', help: 'folder of the page (default: the folder of the run)' },
  runtime: { value: 'NAME', help: `ONNX Runtime to use: ${ONNX_RUNTIMES.join(', ')} (default: auto)` },
  help: { short: 'h', help: 'show this' },
} as const

export const command: Command = {
  summary: 'write a page about a run: curves, scores, filters, crops',
  usage: 'RUN [options]',
  options: OPTIONS,
  async run(args) {
    const given = parseArguments(args, OPTIONS, ['RUN'])
    const [run] = given.words
    if (run === undefined) throw new UsageError('expected RUN to report on, got nothing')
    const folder = findRunFolder(run)
    const shown = given.data === undefined ? CROPPED.filter(existsSync) : listOf(given.data, 'data', existing('data'))
    if (given.sparse !== undefined && given['no-sparse']) {
      throw new UsageError('expected --sparse or --no-sparse, got both')
    }
    const learned = given.sparse === undefined ? LEARNED : existing('sparse')(given.sparse)
    const runtime = await loadOnnxRuntime(oneOf(given.runtime ?? 'auto', 'runtime', ONNX_RUNTIMES))
    if (given.out !== undefined) await makeFolder(given.out)
    const file = await writeReport(folder, {
      out: given.out,
      sets: await Promise.all(shown.map(readPictureSet)),
      sparse: !given['no-sparse'] && existsSync(learned) ? createDictionaryLoader(() => learned) : undefined,
      engine: await createInference(runtime),
    })
    print(file)
  },
}

function existing(option: string): (folder: string) => string {
  return (folder) => {
    if (existsSync(folder)) return folder
    throw new UsageError(`expected --${option} to name a folder that exists, got "${folder}"`)
  }
}
