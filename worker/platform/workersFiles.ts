// The weights that come with the package. The script holds those that most requests want; all lie beside
// it as static assets, which cost a script neither size nor time to start.
import shipped from '../../dist/manifest.json'
import { parseManifest } from '../model/manifest.ts'
import type { BundledModels } from '../picture/models.ts'
import * as weights from './weights.ts'

const manifest = parseManifest(JSON.stringify(shipped))
const files = new Map<string, ArrayBuffer>(Object.entries(weights))

/** Those in the script. */
export const scriptModels: BundledModels = {
  manifest: { ...manifest, models: manifest.models.filter(({ file }) => files.has(file)) },
  read: (file) => Promise.resolve(files.get(file)),
}

/** All: what the script does not hold is read from the assets once in an isolate, as build/assets.ts laid it there. */
export function withAssets(assets: Fetcher): BundledModels {
  return {
    manifest,
    async read(file) {
      const held = files.get(file)
      if (held) return held
      const response = await assets.fetch(`https://assets/models/${file}`)
      return response.ok ? response.arrayBuffer() : undefined
    },
  }
}
