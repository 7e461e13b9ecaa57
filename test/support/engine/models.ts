// Weights whose effect is visible in the result, and a bucket that serves them.
import { createHash } from 'node:crypto'
import type { Miniflare } from 'miniflare'
import { createNetwork, type Network } from '../../../worker/model/network.ts'

/** Returns a 9-1-5 that adds `lift` to its planes, which is visible in every pixel. */
export function lifting(lift: number, channels = 1): Network {
  const network = createNetwork({ kernels: [9, 1, 5], widths: [4, 4], channels, residual: true })
  network.layers[2].bias.fill(lift)
  return network
}

export interface ShippedModel {
  readonly name: string
  readonly file: Uint8Array
  /** Default 2. */
  readonly scale?: number
  /** The digest in the manifest. Default: that of `file`. */
  readonly sha256?: string
}

/** Puts these files, and a manifest that lists only them, into the worker's MODELS_BUCKET. */
export async function shipModels(to: Miniflare, shipped: readonly ShippedModel[]): Promise<void> {
  const bucket = await to.getR2Bucket('MODELS_BUCKET')
  const models: unknown[] = []
  for (const { name, file: bytes, scale = 2, sha256 = hashOf(bytes) } of shipped) {
    const file = `${name}-x${scale}.onnx`
    await bucket.put(file, bytes)
    models.push({ name, scale, file, sha256, bytes: bytes.length })
  }
  await bucket.put('manifest.json', JSON.stringify({ version: 1, models }))
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
