// Networks whose effect is visible in the result, and the upload of model files to a worker's bucket.
import { createHash } from 'node:crypto'
import type { Miniflare } from 'miniflare'
import { createNetwork, type Network } from '../../../worker/model/network.ts'

/** Returns a 9-1-5 network that adds `lift` to every pixel of its planes. */
export function lifting(lift: number, channels = 1): Network {
  const network = createNetwork({ kernels: [9, 1, 5], widths: [4, 4], channels, residual: true })
  network.layers[2].bias.fill(lift)
  return network
}

export interface ShippedModel {
  readonly name: string
  readonly file: Uint8Array
  /** Scale of the network. Default 2. */
  readonly scale?: number
  /** The digest in the manifest. Default: the digest of `file`. */
  readonly sha256?: string
}

/** Uploads the files of `shipped`, and a manifest that lists only these files, to the worker's MODELS_BUCKET. */
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
