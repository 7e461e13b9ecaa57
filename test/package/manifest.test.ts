import { expect, test } from 'vitest'
import { publishedManifest, type RootManifest } from '../../worker/package/manifest.ts'

const ROOT_MANIFEST: RootManifest = {
  name: 'edge-srcnn',
  version: '1.2.3',
  description: '',
  keywords: [],
  license: 'MIT',
  type: 'module',
  engines: { node: '>=20' },
  exports: { '.': './worker/workers.ts' },
  dependencies: { saxes: '6.0.0' },
  devDependencies: { 'onnxruntime-web': '1.30.0' },
  peerDependencies: { webgpu: '0.6.2' },
}

test('the addresses of repository, home page and issues are published if package.json has them', () => {
  const where = { repository: 'github:a/b', homepage: 'https://b.example', bugs: 'https://b.example/issues' }
  expect(publishedManifest({ ...ROOT_MANIFEST, ...where })).toMatchObject(where)
  expect(Object.keys(JSON.parse(JSON.stringify(publishedManifest(ROOT_MANIFEST))) as object)).not.toContain('homepage')
})

test('a dependency is published with a range of versions that are compatible with the tested version', () => {
  expect(publishedManifest(ROOT_MANIFEST).dependencies).toEqual({ saxes: '^6.0.0' })
})
