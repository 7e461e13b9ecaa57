// The last part of `npm run build`: dist/assets, what is served beside the script: the samples, the playground, and all weights, of
// which the script holds only some (platform/workersFiles.ts). And dist/manifest.json, as much of that of models/ as a
// script needs.
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatManifest, parseManifest } from '../model/manifest.ts'
import { buildPlayground } from './playground.ts'

const MODELS = join(import.meta.dirname, '../../models')
const TARGET = join(import.meta.dirname, '../../dist/assets')

// Beside it first: `npm start` goes on serving while this is made again, and another build may run at the same time.
const part = `${TARGET}.${process.pid}`
await cp(join(import.meta.dirname, '../assets'), part, { recursive: true })
// README.md and its plot are for readers of the repository.
await cp(MODELS, join(part, 'models'), { recursive: true, filter: (path) => !/\.(md|svg)$/.test(path) })
await buildPlayground(part)
await rm(TARGET, { recursive: true, force: true })
await rename(part, TARGET).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  return rm(part, { recursive: true }) // that other build has laid the same there at this moment
})

const { version, models } = parseManifest(await readFile(join(MODELS, 'manifest.json'), 'utf8'))
const needed = models.map(({ name, scale, file, sha256, bytes }) => ({ name, scale, file, sha256, bytes }))
await writeFile(join(TARGET, '../manifest.json'), formatManifest({ version, models: needed }))
