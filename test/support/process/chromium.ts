// Where Chromium is, and whether the browser tests may be skipped without it.
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
// WebGPU runs on SwiftShader, a GPU in software.
const FLAGS = ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']
export const NO_CHROMIUM = `no Chromium at ${CHROMIUM}: apt-get install chromium, or name one in CHROMIUM`

/** True if the browser tests are skipped. With CI set they fail instead, so that nobody misses that they did not run. */
export const isChromiumMissing = !existsSync(CHROMIUM) && !process.env.CI
if (isChromiumMissing) console.warn(`skipped: ${NO_CHROMIUM}`)

export function launchChromium(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(NO_CHROMIUM)
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
}
