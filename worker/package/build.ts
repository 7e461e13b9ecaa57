// `npm run build:package`: builds dist/package, the folder that npm publishes. Its package.json is generated, too, so
// that the repository's package.json can stay private and list everything that development needs.
//
//   lib/*.js      the entries of package.json's `exports` and `bin`, and their shared code
//   lib/codec, lib/kernel, lib/models   WebAssembly and weights as scripts (embedded.ts), and WebAssembly for Workers
//   types/        declarations of the entries and of the files that they import
//   *.md, docs, models, trainer, worker   README.md and the pages that its links lead to (documents.ts)
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readArtefact, MODULE_NAMES } from '../build/artefacts.ts'
import type { ArtefactName } from '../base/artefacts.ts'
import { parseManifest } from '../model/manifest.ts'
import { writeDeclarations } from './declarations.ts'
import { documentsFrom, packedPage, packedPath } from './documents.ts'
import { embeddedName, embeddedScript } from './embedded.ts'
import { commandsOf, entriesOf, requiredOf } from './entries.ts'
import { publishedManifest, type RootManifest } from './manifest.ts'
import { PACKAGE, REPOSITORY } from './places.ts'
import { writeRequired, writeScripts } from './scripts.ts'
import { thirdPartyText } from './thirdParty.ts'

const root = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')) as RootManifest
const { models } = parseManifest(await readFile(join(REPOSITORY, 'models/manifest.json'), 'utf8'))

await rm(PACKAGE, { recursive: true, force: true })
const commands = commandsOf(root)
const required = requiredOf(root)
const scripts = [...new Set([...entriesOf(root), ...commands])]
const artefacts = [...MODULE_NAMES, ...models.map(({ file }) => `models/${file}` as ArtefactName)]
const { packages, modules } = await writeScripts({ scripts, commands, artefacts }, join(PACKAGE, 'lib'))
await writeRequired(required, join(PACKAGE, 'lib'))
for (const name of artefacts) {
  const artefact = await readArtefact(name)
  await write(join('lib', embeddedName(name)), await embeddedScript(name, artefact))
  if (modules.includes(name)) await write(join('lib', name), artefact)
}
await writeDeclarations({ sources: entriesOf(root), required }, join(PACKAGE, 'types'), join(PACKAGE, 'lib'))
for (const name of await documentsFrom(['README.md', 'LICENSE', 'CHANGELOG.md'])) {
  const content = await readFile(join(REPOSITORY, name))
  await write(packedPath(name), name.endsWith('.md') ? packedPage(name, `${content}`) : content)
}
await write('THIRD-PARTY.md', await thirdPartyText(packages, models))
await write('package.json', `${JSON.stringify(publishedManifest(root), null, 2)}\n`)

async function write(name: string, content: string | Uint8Array): Promise<void> {
  const path = join(PACKAGE, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}
