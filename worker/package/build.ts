// `npm run build:package`: builds dist/package, the folder that npm publishes. Its package.json is generated, too, so
// that the repository's package.json can stay private and list everything that development needs.
//
//   lib/*.js      the entries of package.json's `exports` and `bin`, and their shared code
//   lib/codec, lib/kernel, lib/models   files that lib/*.js import in Workers and read in Node (artefacts.ts)
//   types/        declarations of the entries and of the files that they import
//   *.md, docs, models, trainer, worker   README.md and the pages that its links lead to (documents.ts)
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readArtefact, MODULE_NAMES } from '../build/artefacts.ts'
import type { ArtefactName } from '../base/artefacts.ts'
import { shippedName } from './shippedName.ts'
import { parseManifest } from '../model/manifest.ts'
import { writeDeclarations } from './declarations.ts'
import { documentsFrom, packedPage, packedPath } from './documents.ts'
import { commandsOf, entriesOf } from './entries.ts'
import { publishedManifest, type RootManifest } from './manifest.ts'
import { PACKAGE, REPOSITORY } from './places.ts'
import { writeScripts } from './scripts.ts'
import { thirdPartyText } from './thirdParty.ts'

const root = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')) as RootManifest
const { models } = parseManifest(await readFile(join(REPOSITORY, 'models/manifest.json'), 'utf8'))

await rm(PACKAGE, { recursive: true, force: true })
const commands = commandsOf(root)
const scripts = [...new Set([...entriesOf(root), ...commands])]
const bundled = await writeScripts({ scripts, commands }, join(PACKAGE, 'lib'))
for (const name of [...MODULE_NAMES, ...models.map(({ file }) => `models/${file}` as ArtefactName)]) {
  await write(join('lib', shippedName(name)), await readArtefact(name))
}
// This manifest, which build/assets.ts writes, contains only the keys that the scripts need.
await write('lib/models/manifest.json', await readFile(join(REPOSITORY, 'dist/manifest.json')))
await writeDeclarations(entriesOf(root), join(PACKAGE, 'types'), join(PACKAGE, 'lib'))
for (const name of await documentsFrom(['README.md', 'LICENSE', 'CHANGELOG.md'])) {
  const content = await readFile(join(REPOSITORY, name))
  await write(packedPath(name), name.endsWith('.md') ? packedPage(name, `${content}`) : content)
}
await write('THIRD-PARTY.md', await thirdPartyText(bundled, models))
await write('package.json', `${JSON.stringify(publishedManifest(root), null, 2)}\n`)

async function write(name: string, content: string | Uint8Array): Promise<void> {
  const path = join(PACKAGE, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}
