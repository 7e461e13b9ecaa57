// Finds and starts Chromium, and decides whether the browser tests are skipped without it.
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
// WebGPU runs on SwiftShader, a GPU in software.
const FLAGS = ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']
export const NO_CHROMIUM = `no Chromium at ${CHROMIUM}: apt-get install chromium, or set CHROMIUM to its path`

/**
 * True if the browser tests are skipped because Chromium is missing. If CI is set, they fail instead, so that somebody
 * notices.
 */
export const isChromiumMissing = !existsSync(CHROMIUM) && !process.env.CI
if (isChromiumMissing) console.warn(`skipped: ${NO_CHROMIUM}`)

export function launchChromium(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(NO_CHROMIUM)
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
}
