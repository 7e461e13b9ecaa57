// Reads the folder of a run, finished or not: options, the log of each scale, weights.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ModelEntry } from '../../worker/model/manifest.ts'
import { type Network } from '../../worker/model/network.ts'
import { decodeNetwork } from '../../worker/model/networkFile.ts'
import { readManifest } from '../run/export.ts'

/** A line of the log. Each validation writes one. */
export interface LogLine {
  readonly step: number
  /** Number of patches trained on so far. The paper calls it the number of backprops. */
  readonly patches: number
  /** Training time so far in seconds. */
  readonly seconds: number
  readonly loss: number
  readonly rate: number
  /** PSNR on the validation pictures in dB. Absent if the run has no validation pictures. */
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
  /** Undefined until training ends. */
  readonly model?: { readonly entry: ModelEntry; readonly network: Network }
}

export interface RunRecord {
  /** Name of the run's folder. */
  readonly name: string
  readonly config: SavedConfig
  /** Records of the scales, at least one, in ascending order. */
  readonly scales: readonly ScaleRecord[]
}

/** Reads a run. Throws if the folder has neither a log nor weights, or if a file cannot be parsed. */
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

/**
 * Returns the lines of the log, or an empty list without a log. Skips a truncated last line, which `kill -9` can leave.
 */
async function readLog(file: string): Promise<LogLine[]> {
  const lines = ((await readOptional(file)) ?? '').split('\n')
  lines.pop() // empty, or a truncated line
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
