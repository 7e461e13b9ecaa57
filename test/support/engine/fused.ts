// The kernel builds that this Node can run, and the accuracy that all of them must have.
import { expect } from 'vitest'
import type { Planes } from '../../../worker/engine/engine.ts'
import { createFusedEngine } from '../../../worker/engine/fused.ts'
import { hasRelaxedSimd, compileKernels } from '../../../worker/platform/nodeFiles.ts'
import { ARITHMETICS } from '../../../worker/engine/kernel/arithmetic.ts'
import { reference } from '../../../worker/engine/reference.ts'
import type { Network } from '../../../worker/model/network.ts'

const isRelaxedHere = hasRelaxedSimd()
export const builds = ARITHMETICS.filter((kind) => kind === 'plain' || isRelaxedHere).map((kind) =>
  compileKernels(kind),
)
export const engines = builds.map(({ arithmetic, modules }) => ({ arithmetic, engine: createFusedEngine(modules) }))

/**
 * Expects the result of each build to differ from the reference by at most 1e-5 times a bound. The bound is the
 * reference's result for the absolute values of all weights and inputs, because rounding errors grow in proportion to
 * it.
 */
export async function expectSound(network: Network, input: Planes): Promise<void> {
  const want = (await reference.run(network, input)).data
  const bound = (await reference.run(magnitudesOf(network), { ...input, data: input.data.map(Math.abs) })).data
  for (const { arithmetic, engine: candidate } of engines) {
    const { data, width, height } = await candidate.run(network, input)
    const [wide, high] = [network.scale * input.width, network.scale * input.height]
    expect({ arithmetic, width, height }).toEqual({ arithmetic, width: wide, height: high })
    const worst = data.findIndex((v, i) => !(Math.abs(v - want[i]) <= 1e-5 * bound[i]))
    if (worst >= 0) {
      const expected = `${want[worst]} +- ${1e-5 * bound[worst]}`
      const place = `${worst % width}, ${Math.floor(worst / width)}`
      expect.fail(`${arithmetic}: expected ${expected} at ${place}, got ${data[worst]}`)
    }
  }
}

/** Returns the network with the absolute values of its weights. */
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
