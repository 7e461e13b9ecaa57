// The picture that every app enlarges, and the result that all of them must serve.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { runCli } from '../process/cli.ts'
import { ROOT } from '../worker/worker.ts'

const PICTURE = join(ROOT, 'worker/assets/samples/icon.png')
/** The URL of the enlarged picture in every app. */
export const ENLARGED = '/uploads/icon.png?sr=2'

/** Puts the picture into the folder `uploads` of an app. */
export function putPicture(folder: string): void {
  mkdirSync(join(folder, 'uploads'), { recursive: true })
  cpSync(PICTURE, join(folder, 'uploads/icon.png'))
}

export const picture = readFileSync(PICTURE)

/**
 * The result by this repository's command line, which no bundler has touched. With relaxed SIMD, which workerd always
 * has, it is the same in Workers.
 */
async function makeExpected(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'edge-srcnn-'))
  try {
    await runCli(['upscale', PICTURE, '-s', '2', '-o', folder])
    return readFileSync(join(folder, 'icon-x2.png'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
const expected = await makeExpected()

/** Checks that an app's answer is the enlarged picture, to the byte. */
export async function expectEnlarged(answer: Response): Promise<void> {
  expect(answer.status, await answer.clone().text()).toBe(200)
  expect(answer.headers.get('x-sr')).toMatch(/^done; scale=2; model="fast@/)
  expectBytes(Buffer.from(await answer.arrayBuffer()))
}

/** Checks that a file is the enlarged picture, to the byte. */
export function expectBytes(file: Buffer): void {
  expect(file.equals(expected)).toBe(true)
}
