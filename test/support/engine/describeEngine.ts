// Tests that an engine keeps its contract (worker/engine/engine.ts). Its accuracy is tested elsewhere.
import { describe, expect, test } from 'vitest'
import type { Engine, Planes } from '../../../worker/engine/engine.ts'
import type { Network } from '../../../worker/model/network.ts'
import { samplePlanes } from './samples.ts'

export interface EngineContract {
  /** Creates an engine that no other test uses. */
  createEngine(): Engine
  /** A network with one plane that the engine supports. */
  readonly network: Network
  /**
   * Runs that come before the tested run, with other sizes, other weights, NaN or another kernel. They must not change
   * the tested run's result.
   */
  readonly earlierRuns: readonly { readonly network: Network; readonly input: Planes }[]
  /**
   * Runs that start at the same time. Each run takes so long that an engine that pauses during a run works on several
   * of them in turn.
   */
  readonly concurrentRuns: { readonly network: Network; readonly inputs: readonly Planes[] }
}

export function describeEngine({ createEngine, network, earlierRuns, concurrentRuns }: EngineContract): void {
  describe('an engine', () => {
    const engine = createEngine()

    test('returns a result that does not depend on earlier runs', async () => {
      const input = samplePlanes(1, 19, 7)
      const alone = await createEngine().run(network, input)
      const used = createEngine()
      for (const earlier of earlierRuns) {
        await used.run(earlier.network, earlier.input)
        expect(await used.run(network, input)).toEqual(alone)
      }
    })

    test('changes neither its input nor earlier results, and does not keep its input', async () => {
      const input = samplePlanes(1, 20, 20)
      const before = input.data.slice()
      const first = await engine.run(network, input)
      expect(input.data).toEqual(before)
      const copy = first.data.slice()
      input.data.fill(0)
      await engine.run(network, input)
      await engine.run(network, samplePlanes(1, 20, 20, 99))
      expect(first.data).toEqual(copy)
    })

    test('returns a result of the right size for an input with NaN, and the next run is unaffected', async () => {
      const input = samplePlanes(1, 20, 20)
      const want = await engine.run(network, input)
      const spoilt: Planes = { ...input, data: input.data.slice().fill(NaN, 50, 60) }
      expect((await engine.run(network, spoilt)).data).toHaveLength(400 * network.scale ** 2)
      expect(await engine.run(network, input)).toEqual(want)
    })

    test('returns the same results for concurrent and for successive runs, whether the engine is new or used', async () => {
      const { network: shared, inputs } = concurrentRuns
      const apart: Planes[] = []
      for (const input of inputs) apart.push(await engine.run(shared, input))
      expect(await Promise.all(inputs.map((input) => engine.run(shared, input)))).toEqual(apart)
      const fresh = createEngine()
      expect(await Promise.all(inputs.map((input) => fresh.run(shared, input)))).toEqual(apart)
    })

    test('refuses planes that do not fit the network, and says what it expected', async () => {
      const run = (input: Planes) => engine.run(network, input)
      await expect(run(samplePlanes(3, 4, 4))).rejects.toThrow('expected 1 plane of 4x4, got 3')
      await expect(run({ ...samplePlanes(1, 4, 4), width: 5 })).rejects.toThrow('in 16 values')
    })
  })
}
