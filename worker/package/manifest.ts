// The package.json that is published, from the repository's.
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
}

/** Little is installed with it beside Hono, for the command line alone: codecs and kernels are inside. */
export function publishedManifest(root: RootManifest) {
  const { name, version, description, keywords, license, type, engines } = root
  const bin = Object.entries(root.bin ?? {}).map(([command, source]) => [command, `lib/${scriptOf(source)}.js`])
  return {
    name,
    version,
    description,
    keywords,
    license,
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
    // For `loadPlatform({ engine })`, by whoever wants another than ours.
    peerDependenciesMeta: { 'onnxruntime-web': { optional: true }, webgpu: { optional: true } },
  }
}

/** What scripts import from elsewhere. */
export const EXTERNAL = ['hono', 'onnxruntime-web', 'webgpu', 'saxes', 'tinyglobby', 'node:*']
