// Whether networks can run on WebGPU here, and if not, why not.

/** Undefined where they can. */
export async function webgpuObstacle(): Promise<string | undefined> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<object | null> } }
  if (!isSecureContext) return 'WebGPU is there on https and on localhost only.'
  if (!gpu) return 'This browser has no WebGPU.'
  if (!('Suspending' in WebAssembly)) return 'WebGPU here needs JavaScript Promise Integration, as Chrome 137 has it.'
  const adapter = await gpu.requestAdapter().catch(() => null)
  return adapter ? undefined : 'This machine offers no adapter for WebGPU.'
}
