// Where the browser tests' Chromium is, and whether they may be left out without one.
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
// WebGPU on SwiftShader, a GPU in software.
const FLAGS = ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']
export const NO_CHROMIUM = `no Chromium at ${CHROMIUM}: apt-get install chromium, or name one in CHROMIUM`

/** A machine that checks a change must not leave tests out unnoticed. */
export const isChromiumMissing = !existsSync(CHROMIUM) && !process.env.CI
if (isChromiumMissing) console.warn(`skipped: ${NO_CHROMIUM}`)

export function launchChromium(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(NO_CHROMIUM)
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
}
