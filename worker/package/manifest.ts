// Creates the published package.json from the repository's package.json.
import { type Entries, publishedExports, scriptOf } from './entries.ts'

export interface RootManifest extends Entries {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly keywords: readonly string[]
  readonly license: string
  readonly type: string
  readonly engines: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  /**
   * Addresses of the repository, the home page and the issues. Published if the repository's package.json contains
   * them.
   */
  readonly repository?: unknown
  readonly homepage?: string
  readonly bugs?: unknown
}

/**
 * Returns the published package.json. Only the command line needs dependencies, because codecs and kernels are in the
 * package.
 */
export function publishedManifest(root: RootManifest) {
  const { name, version, description, keywords, license, type, engines, repository, homepage, bugs } = root
  const bin = Object.entries(root.bin ?? {}).map(([command, source]) => [command, `lib/${scriptOf(source)}.js`])
  return {
    name,
    version,
    description,
    keywords,
    license,
    repository,
    homepage,
    bugs,
    type,
    engines,
    exports: publishedExports(root),
    ...(bin.length > 0 ? { bin: Object.fromEntries(bin) as Record<string, string> } : {}),
    dependencies: Object.fromEntries(Object.entries(root.dependencies).map(([one, exact]) => [one, `^${exact}`])),
    peerDependencies: {
      hono: '>=4',
      'onnxruntime-web': `^${root.devDependencies['onnxruntime-web']}`,
      webgpu: `^${root.peerDependencies.webgpu}`,
    },
    // Needed only for `loadPlatform({ engine })` with an engine other than this project's kernels.
    peerDependenciesMeta: { 'onnxruntime-web': { optional: true }, webgpu: { optional: true } },
  }
}

/** Modules that the package's scripts import instead of containing them. */
export const EXTERNAL = ['hono', 'onnxruntime-web', 'webgpu', 'saxes', 'tinyglobby', 'undici', 'node:*']
