// Every build of the kernels that runs here, and what they are held to.
import { expect } from 'vitest'
import type { Planes } from '../../../worker/engine/engine.ts'
import { createFusedEngine } from '../../../worker/engine/fused.ts'
import { hasRelaxedSimd, loadKernels } from '../../../worker/platform/nodeFiles.ts'
import { ARITHMETICS } from '../../../worker/engine/kernel/arithmetic.ts'
import { reference } from '../../../worker/engine/reference.ts'
import type { Network } from '../../../worker/model/network.ts'

const isRelaxedHere = await hasRelaxedSimd()
export const builds = await Promise.all(
  ARITHMETICS.filter((kind) => kind === 'plain' || isRelaxedHere).map(loadKernels),
)
export const engines = builds.map(({ arithmetic, modules }) => ({ arithmetic, engine: createFusedEngine(modules) }))

/** Each build within 1e-5 of the sum of |w| |x| along the path, which bounds what rounding can do. */
export async function expectSound(network: Network, input: Planes): Promise<void> {
  const want = (await reference.run(network, input)).data
  const bound = (await reference.run(magnitudesOf(network), { ...input, data: input.data.map(Math.abs) })).data
  for (const { arithmetic, engine: candidate } of engines) {
    const { data, width, height } = await candidate.run(network, input)
    const [wide, high] = [network.scale * input.width, network.scale * input.height]
    expect({ arithmetic, width, height }).toEqual({ arithmetic, width: wide, height: high })
    const worst = data.findIndex((v, i) => !(Math.abs(v - want[i]) <= 1e-5 * bound[i]))
    if (worst >= 0) {
      expect.fail(
        `${arithmetic}: ${data[worst]} for ${want[worst]} +- ${1e-5 * bound[worst]} at ${worst % width}, ${Math.floor(worst / width)}`,
      )
    }
  }
}

function magnitudesOf(network: Network): Network {
  return {
    ...network,
    layers: network.layers.map((layer) => ({
      ...layer,
      weights: layer.weights.map(Math.abs),
      bias: layer.bias.map(Math.abs),
    })),
  }
}
