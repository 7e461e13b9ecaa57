// Reads the list of the trained models in models/.
import { readFile } from 'node:fs/promises'
import { type ModelEntry, parseManifest } from '../../../worker/model/manifest.ts'

export const MODELS = new URL('../../../models/', import.meta.url)

export async function shippedModels(scale: number): Promise<ModelEntry[]> {
  const { models } = parseManifest(await readFile(new URL('manifest.json', MODELS), 'utf8'))
  return models.filter((model) => model.scale === scale)
}

/**
 * Returns one name for each network shape in models/. Names with a hyphen, like `srcnn-jpeg`, are variants of a shape
 * and are left out.
 */
export async function shippedFamilies(scale: number): Promise<string[]> {
  return (await shippedModels(scale)).map(({ name }) => name).filter((name) => !name.includes('-'))
}
