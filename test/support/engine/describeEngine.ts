// The contract of an engine (worker/engine/engine.ts) as tests, apart from accuracy.
import { describe, expect, test } from 'vitest'
import type { Engine, Planes } from '../../../worker/engine/engine.ts'
import type { Network } from '../../../worker/model/network.ts'
import { samplePlanes } from './samples.ts'

export interface EngineContract {
  /** Creates an engine that nobody else uses. */
  createEngine(): Engine
  /** A network on one plane that the engine runs. */
  readonly network: Network
  /** Runs that must leave no trace in a later result: other sizes, other weights, NaN, another kernel. */
  readonly earlierRuns: readonly { readonly network: Network; readonly input: Planes }[]
  /** Runs that are started at the same time: long enough to take turns, where the engine does that. */
  readonly concurrentRuns: { readonly network: Network; readonly inputs: readonly Planes[] }
}

export function describeEngine({ createEngine, network, earlierRuns, concurrentRuns }: EngineContract): void {
  describe('the contract of an engine', () => {
    const engine = createEngine()

    test('a result depends on no earlier run', async () => {
      const input = samplePlanes(1, 19, 7)
      const alone = await createEngine().run(network, input)
      const used = createEngine()
      for (const earlier of earlierRuns) {
        await used.run(earlier.network, earlier.input)
        expect(await used.run(network, input)).toEqual(alone)
      }
    })

    test('a run neither changes nor keeps its input, and leaves earlier results as they are', async () => {
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

    test('NaN in the input gives NaN or numbers, and the next run is sound', async () => {
      const input = samplePlanes(1, 20, 20)
      const want = await engine.run(network, input)
      const spoilt: Planes = { ...input, data: input.data.slice().fill(NaN, 50, 60) }
      expect((await engine.run(network, spoilt)).data).toHaveLength(400 * network.scale ** 2)
      expect(await engine.run(network, input)).toEqual(want)
    })

    test('runs that start together each give their own result, on a used engine and on a new one', async () => {
      const { network: shared, inputs } = concurrentRuns
      const apart: Planes[] = []
      for (const input of inputs) apart.push(await engine.run(shared, input))
      expect(await Promise.all(inputs.map((input) => engine.run(shared, input)))).toEqual(apart)
      const fresh = createEngine()
      expect(await Promise.all(inputs.map((input) => fresh.run(shared, input)))).toEqual(apart)
    })

    test('planes that do not fit the network are refused, and the message says what was expected', async () => {
      const run = (input: Planes) => engine.run(network, input)
      await expect(run(samplePlanes(3, 4, 4))).rejects.toThrow('expected 1 plane of 4x4, got 3')
      await expect(run({ ...samplePlanes(1, 4, 4), width: 5 })).rejects.toThrow('in 16 values')
    })
  })
}
