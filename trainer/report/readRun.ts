// What a run has left in its folder so far: its options, the log of each scale, its weights.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ModelEntry } from '../../worker/model/manifest.ts'
import { type Network } from '../../worker/model/network.ts'
import { decodeNetwork } from '../../worker/model/networkFile.ts'
import { readManifest } from '../run/export.ts'

/** One validation. */
export interface LogLine {
  readonly step: number
  /** Seen so far: the paper's backprops. */
  readonly patches: number
  /** Of training so far. */
  readonly seconds: number
  readonly loss: number
  readonly rate: number
  /** On the validation pictures, dB; absent where there are none. */
  readonly psnr?: number
  readonly bicubic?: number
}

export interface SavedConfig {
  readonly options?: Readonly<Record<string, unknown>>
  readonly node?: string
  readonly started?: string
}

export interface ScaleRecord {
  readonly scale: number
  readonly log: readonly LogLine[]
  /** Undefined while it trains. */
  readonly model?: { readonly entry: ModelEntry; readonly network: Network }
}

export interface RunRecord {
  /** The folder's name. */
  readonly name: string
  readonly config: SavedConfig
  /** By scale, at least one. */
  readonly scales: readonly ScaleRecord[]
}

/** Throws where there is neither a log nor weights, and names a file that cannot be read. */
export async function readRun(folder: string): Promise<RunRecord> {
  const { models } = await readManifest(folder)
  const entries = await readdir(folder)
  const begun = entries.flatMap((entry) => Number(/^x([2-4])$/.exec(entry)?.[1] ?? []))
  const numbers = [...new Set([...begun, ...models.map(({ scale }) => scale)])].toSorted((a, b) => a - b)
  const scales: ScaleRecord[] = []
  for (const scale of numbers) {
    const log = await readLog(path.join(folder, `x${scale}`, 'log.jsonl'))
    const entry = models.find((model) => model.scale === scale)
    const model = entry && { entry, network: decodeNetwork(await readFile(path.join(folder, entry.file))) }
    if (model !== undefined || log.length > 0) scales.push({ scale, log, model })
  }
  if (scales.length === 0) {
    throw new Error(`expected a run in ${folder}: x3/log.jsonl or manifest.json, got neither`)
  }
  const config = await readOptional(path.join(folder, 'config.json'))
  return {
    name: path.basename(path.resolve(folder)),
    config: config === undefined ? {} : (JSON.parse(config) as SavedConfig),
    scales,
  }
}

/** Empty where there is none. A last line that was cut short, as `kill -9` may leave it, is left out. */
async function readLog(file: string): Promise<LogLine[]> {
  const lines = ((await readOptional(file)) ?? '').split('\n')
  lines.pop() // what follows the last line's end
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as LogLine
    } catch (cause) {
      throw new Error(`${file}:${i + 1}: expected a line of JSON, got ${line.slice(0, 80)}`, { cause })
    }
  })
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
