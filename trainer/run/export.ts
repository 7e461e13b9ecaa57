// Writes trained weights as files: an ONNX file, and an entry in the manifest of the same folder.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import {
  formatManifest,
  type Manifest,
  type ModelEntry,
  parseManifest,
  withEntry,
} from '../../worker/model/manifest.ts'
import { makeFolder } from '../../worker/terminal/makeFolder.ts'
import { writeWhole } from '../../worker/terminal/wholeFile.ts'

export const MANIFEST_FILE = 'manifest.json'

/** Writes the ONNX file first and the manifest second, so that the manifest never lists a missing file. */
export async function exportModel(
  folder: string,
  bytes: Uint8Array,
  entry: Omit<ModelEntry, 'file' | 'sha256' | 'bytes'>,
): Promise<ModelEntry> {
  const { name, scale, ...rest } = entry
  const file = `${name}-x${scale}.onnx`
  const sha256 = sha256Of(bytes)
  const whole: ModelEntry = { name, scale, file, sha256, bytes: bytes.length, ...rest }
  await makeFolder(folder)
  const manifest = withEntry(await readManifest(folder), whole)
  await writeWhole(path.join(folder, file), bytes)
  await writeWhole(path.join(folder, MANIFEST_FILE), formatManifest(manifest))
  return whole
}

/** Reads the manifest of a folder. Returns an empty manifest if the folder has none yet. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = path.join(folder, MANIFEST_FILE)
  try {
    return parseManifest(await readFile(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 1, models: [] }
    throw new Error(`${file} cannot be read`, { cause: error })
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
