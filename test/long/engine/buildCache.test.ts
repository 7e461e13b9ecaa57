import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { readArtefact } from '../../../worker/build/artefacts.ts'
import { REPOSITORY } from '../../../worker/package/places.ts'

const ARTEFACTS = pathToFileURL(join(REPOSITORY, 'worker/build/artefacts.ts')).href
const digestOf = (name: string) => readFile(join(REPOSITORY, `dist/${name}.wasm.sha256`), 'utf8')

test.each(['kernel/picture', 'codec/plain_jpeg_encoder'])(
  'vitest and tsx see the same inputs of %s, so that neither compiles again what the other has compiled',
  async (name) => {
    const file = name === 'kernel/picture' ? 'kernel/picture.wasm' : 'codec/jpeg_encoder.wasm'
    await readArtefact(file)
    const byVitest = await digestOf(name)
    const script = `import('${ARTEFACTS}').then(({ readArtefact }) => readArtefact('${file}'))`
    await promisify(execFile)(process.execPath, ['--import', 'tsx', '--eval', script], { cwd: REPOSITORY })
    expect(await digestOf(name)).toBe(byVitest)
  },
)
