// The last part of `npm run build`. Writes dist/assets, the static files that are served beside the script: the
// samples, the playground and all weights (the script contains only some weights, see platform/workersFiles.ts). Also
// writes dist/manifest.json, which has the parts of models/manifest.json that a script needs.
import { cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { formatManifest, parseManifest } from '../model/manifest.ts'
import { writeToDist } from './buildCache.ts'
import { buildPlayground } from './playground.ts'

const MODELS = join(import.meta.dirname, '../../models')
const TARGET = join(import.meta.dirname, '../../dist/assets')

// The files are written to a temporary folder and then moved one by one, because `npm start` may be serving the old
// files, and another build may run at the same time. `wrangler dev` stops serving a folder that is replaced.
const part = `${TARGET}.${process.pid}`
await cp(join(import.meta.dirname, '../assets'), part, { recursive: true })
// README.md and its plot are for readers of the repository and are not served.
await cp(MODELS, join(part, 'models'), { recursive: true, filter: (path) => !/\.(md|svg)$/.test(path) })
await buildPlayground(part)
const files = await filesIn(part)
for (const file of files) {
  await mkdir(dirname(join(TARGET, file)), { recursive: true })
  await rename(join(part, file), join(TARGET, file))
}
const outdated = (await filesIn(TARGET)).filter((file) => !files.includes(file))
for (const file of outdated) await rm(join(TARGET, file), { force: true })
await rm(part, { recursive: true })

/** Returns the paths of all files in a folder, relative to it. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
}

const { version, models } = parseManifest(await readFile(join(MODELS, 'manifest.json'), 'utf8'))
const needed = models.map(({ name, scale, file, sha256, bytes }) => ({ name, scale, file, sha256, bytes }))
await writeToDist('manifest.json', formatManifest({ version, models: needed }))
