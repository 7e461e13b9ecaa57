// The models in models/.
import { readFile } from 'node:fs/promises'
import { type ModelEntry, parseManifest } from '../../../worker/model/manifest.ts'

export const MODELS = new URL('../../../models/', import.meta.url)

export async function shippedModels(scale: number): Promise<ModelEntry[]> {
  const { models } = parseManifest(await readFile(new URL('manifest.json', MODELS), 'utf8'))
  return models.filter((model) => model.scale === scale)
}

/** Returns one name for each shape of network: names like `srcnn-jpeg` are variants of a shape. */
export async function shippedFamilies(scale: number): Promise<string[]> {
  return (await shippedModels(scale)).map(({ name }) => name).filter((name) => !name.includes('-'))
}
