// Writes THIRD-PARTY.md: the third-party code in the package with its licences, and the data that the weights were
// trained on.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { versionOf } from '../build/buildCache.ts'
import type { ModelEntry } from '../model/manifest.ts'
import { REPOSITORY } from './places.ts'

interface ThirdParty {
  /** The parts of the third-party package that this package contains. */
  readonly contains: string
  /** Paths of the licence files in the third-party package. */
  readonly licences: readonly string[]
}

const THIRD_PARTIES: Readonly<Record<string, ThirdParty>> = {
  '@cf-wasm/photon': {
    contains: "WebAssembly of photon-rs and of Rust's image crate: lib/codec/photon.*, with parts removed",
    licences: ['LICENSE.md'],
  },
  '@jsquash/webp': {
    contains: "Squoosh's build of libwebp: lib/codec/webp_*.*, with less memory at the start, and its JavaScript",
    licences: ['LICENSE', 'codec/LICENSE.codec.md'],
  },
}

/** Returns the text of THIRD-PARTY.md. Throws if a bundled package is missing in THIRD_PARTIES. */
export async function thirdPartyText(bundled: readonly string[], models: readonly ModelEntry[]): Promise<string> {
  const unknown = bundled.filter((name) => !Object.hasOwn(THIRD_PARTIES, name))
  if (unknown.length > 0) throw new Error(`expected the licences of ${unknown.join(', ')}, which the package contains`)
  const sections = Object.entries(THIRD_PARTIES).map(([name, party]) => sectionOf(name, party))
  return `# Third-party work in this package

The weights are this project's own. They were trained on third-party pictures:

${weightsTable(models)}

${(await Promise.all(sections)).join('\n')}`
}

async function sectionOf(name: string, { contains, licences }: ThirdParty): Promise<string> {
  const texts = licences.map((file) => readFile(join(REPOSITORY, 'node_modules', name, file), 'utf8'))
  const blocks = (await Promise.all(texts)).map((text) => `\`\`\`\`text\n${text.trim()}\n\`\`\`\`\n`)
  return `## ${name} ${await versionOf(name)}\n\n${contains}.\n\n${blocks.join('\n')}`
}

function weightsTable(models: readonly ModelEntry[]): string {
  const rows = models.map(({ name, data = '', licence = '' }) => `| \`${name}\` | ${data} | ${licence} |`)
  return ['| weights | trained on | licence of the pictures |', '| --- | --- | --- |', ...new Set(rows)].join('\n')
}
