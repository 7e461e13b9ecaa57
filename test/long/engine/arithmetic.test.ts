// The engine's name says which build's results the kernels have on this machine, not which build was loaded.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { arithmeticOf } from '../../../worker/engine/fused.ts'
import { builds } from '../../support/engine/fused.ts'

const ROOT = join(import.meta.dirname, '../../..')

test('each build of the kernels has its own results where multiply-add is fused', () => {
  const named = builds.map(({ arithmetic }) => arithmetic)
  expect(builds.map(({ modules }) => arithmeticOf(modules.subpixel))).toEqual(named)
})

// The flag exists on x64 only. There it makes V8 compute a fused multiply-add in two steps, as older processors do.
test.runIf(process.arch === 'x64')(
  'a processor without fused multiply-add gets the plain kernels, whose results the relaxed ones have there',
  () => {
    const script = `
      import { createFusedEngine, arithmeticOf } from './worker/engine/fused.ts'
      import { compileKernels } from './worker/platform/nodeFiles.ts'
      import { subPixelArchitecture } from './worker/model/network.ts'
      import { sampleNetwork, samplePlanes } from './test/support/engine/samples.ts'
      const kernels = [compileKernels(), compileKernels('relaxed'), compileKernels('plain')]
      const networks = [{ kernels: [9, 1, 5], widths: [8, 4], residual: true }, subPixelArchitecture(3, 8, 2)]
      const results = []
      for (const { modules } of kernels) {
        for (const network of networks) {
          const { data } = await createFusedEngine(modules).run(sampleNetwork(network), samplePlanes(1, 60, 44))
          results.push(Buffer.from(data.buffer).toString('base64'))
        }
      }
      const names = kernels.map(({ arithmetic, modules }) => [arithmetic, arithmeticOf(modules.subpixel)])
      const different = new Set(results).size
      console.log(JSON.stringify({ names, different }))`
    const run = (...flags: string[]) => {
      const args = [...flags, '--import', 'tsx', '--input-type=module', '--eval', script]
      return JSON.parse(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })) as unknown
    }
    const plain = ['plain', 'plain']
    expect(run('--no-enable-fma3')).toEqual({ names: [plain, ['relaxed', 'plain'], plain], different: 2 })
    expect(run()).toEqual({ names: [['relaxed', 'relaxed'], ['relaxed', 'relaxed'], plain], different: 4 })
  },
)
