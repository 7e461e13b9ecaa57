// The script of the Web Worker: it makes a visitor's own picture sharper in the browser, with the worker's code.
import type { Engine } from '../engine/engine.ts'
import { createModels, type Models } from '../picture/models.ts'
import { choicesOf } from '../picture/plan.ts'
import type { Platform } from '../platform/platform.ts'
import { Skip } from '../picture/skip.ts'
import { makeHere, OURS, type EnlargeContext, wishOf } from './makeHere.ts'
import type { EnlargeResult, EnlargeOrder, EnlargeReport } from './messages.ts'
import { openFile } from './openFile.ts'
import { loadBrowserPlatform } from './browserPlatform.ts'
import { type Tell, watched } from './watchedTools.ts'
import { Refusal } from './refusal.ts'
import { tryOut } from './tryOut.ts'

/**
 * Reports the progress of the current order. Orders never overlap, because the page ends this Web Worker to cancel an
 * order.
 */
let onTurn = () => {}
let loading: Promise<{ readonly platform: Platform; readonly models: Models }> | undefined
let webgpu: Engine | undefined

self.addEventListener('message', ({ data }: MessageEvent<EnlargeOrder>) => void answer(data))

async function answer(order: EnlargeOrder): Promise<void> {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a Worker's page, not to a window
  const say = (report: EnlargeReport) => self.postMessage(report)
  try {
    const made = await make(order, (step, share) => say({ kind: 'progress', step, share }))
    say({ kind: 'made', made })
  } catch (error) {
    if (error instanceof Skip) {
      if (error.cause) console.error(error.cause)
      say({ kind: 'skipped', reason: error.reason, message: error.message })
    } else {
      if (!(error instanceof Refusal)) console.error(error)
      say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
    }
  }
}

async function make(order: EnlargeOrder, tell: Tell): Promise<EnlargeResult> {
  const start = performance.now()
  tell('load', 0)
  const { platform, models } = await load()
  const engine = order.runner === 'webgpu' ? await loadWebgpu() : undefined
  const opened = await openFile(order.file, platform.codec, OURS)
  const deps = {
    settings: OURS,
    limits: platform.limits,
    models,
    engineFor: (network) => engine ?? platform.engineFor(network),
  } satisfies EnlargeContext['deps']
  const wish = wishOf(order)
  const wanting: EnlargeContext = {
    wish,
    choices: await choicesOf(wish, deps),
    deps,
    platform,
    tell,
    watch({ plan, model }, { width, height }) {
      const tools = watched(platform, plan.scale ** 2 * width * height, model?.network, tell)
      onTurn = tools.onTurn
      return tools
    },
  }
  const made = await (order.isTest ? tryOut(opened, order.scale, wanting) : makeHere(opened, wanting))
  return { ...made, ms: performance.now() - start }
}

/** Loads the platform once. If that fails, the next picture tries again. */
async function load() {
  loading ??= loadBrowserPlatform(() => onTurn()).then((platform) => ({
    platform,
    models: createModels(platform.bundled, undefined),
  }))
  try {
    return await loading
  } catch (cause) {
    loading = undefined
    throw cause
  }
}

async function loadWebgpu(): Promise<Engine> {
  const { createWebgpuEngine } = await import('./webgpu.ts')
  return (webgpu ??= createWebgpuEngine())
}
