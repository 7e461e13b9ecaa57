// Finds out whether networks can run on WebGPU in this browser.

/** Returns why WebGPU cannot be used, in a sentence for the visitor; undefined if it can. */
export async function webgpuObstacle(): Promise<string | undefined> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<object | null> } }
  if (!isSecureContext) return 'WebGPU works on https and localhost only.'
  if (!gpu) return 'This browser has no WebGPU.'
  if (!('Suspending' in WebAssembly)) return 'WebGPU here needs JavaScript Promise Integration (Chrome 137 has it).'
  const adapter = await gpu.requestAdapter().catch(() => null)
  return adapter ? undefined : 'This machine offers no adapter for WebGPU.'
}
