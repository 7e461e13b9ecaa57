// The last part of `npm run build`. Writes dist/assets, the static files that are served beside the script: the
// samples, the playground and all weights (the script contains only some weights, see platform/workersFiles.ts). Also
// writes dist/manifest.json, which has the parts of models/manifest.json that a script needs.
import { cp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { formatManifest, parseManifest } from '../model/manifest.ts'
import { writeToDist } from './buildCache.ts'
import { buildPlayground } from './playground.ts'

const MODELS = join(import.meta.dirname, '../../models')
const TARGET = join(import.meta.dirname, '../../dist/assets')

// The files are written to a temporary folder, which is then renamed, because `npm start` may be serving the old folder
// and another build may run at the same time.
const part = `${TARGET}.${process.pid}`
await cp(join(import.meta.dirname, '../assets'), part, { recursive: true })
// README.md and its plot are for readers of the repository and are not served.
await cp(MODELS, join(part, 'models'), { recursive: true, filter: (path) => !/\.(md|svg)$/.test(path) })
await buildPlayground(part)
// The old folder is renamed before it is deleted. The new folder can then take its name at once, instead of after the
// deletion, which takes time.
const old = `${part}.old`
await rename(TARGET, old).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'ENOENT') throw error // there is none yet
})
await rename(part, TARGET).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  return rm(part, { recursive: true }) // the other build has just put the same files there
})
await rm(old, { recursive: true, force: true })

const { version, models } = parseManifest(await readFile(join(MODELS, 'manifest.json'), 'utf8'))
const needed = models.map(({ name, scale, file, sha256, bytes }) => ({ name, scale, file, sha256, bytes }))
await writeToDist('manifest.json', formatManifest({ version, models: needed }))
