// The engines on one luma plane with 9-1-5. The reference is slow, and is timed on a small one only.
import type { Engine } from '../../worker/engine/engine.ts'
import { createOrtEngine } from '../../worker/engine/ort.ts'
import { reference } from '../../worker/engine/reference.ts'
import { costOf, SRCNN_915 } from '../../worker/model/network.ts'
import { ort } from '../support/ort.ts'
import { maxDifference, sampleNetwork, samplePlanes } from '../support/samples.ts'
import { compare, type Table } from './bench.ts'

export async function benchEngines(): Promise<Table[]> {
  const network = sampleNetwork(SRCNN_915)
  const onnxruntime = createOrtEngine(ort, { executionProvider: 'wasm' })
  const tables: Table[] = []
  const cases: [side: number, engines: Engine[], rounds: number][] = [
    [64, [onnxruntime, reference], 10],
    [160, [onnxruntime], 20],
    [256, [onnxruntime], 20],
  ]
  for (const [side, engines, rounds] of cases) {
    const input = samplePlanes(1, side, side)
    const results = await Promise.all(engines.map((engine) => engine.run(network, input)))
    const candidates = engines.map((engine) => ({
      name: engine.name,
      run: () => engine.run(network, input),
    }))
    const notes = results
      .slice(1)
      .map(({ data }, i) => `${engines[i + 1].name}: largest difference ${maxDifference(data, results[0].data).toExponential(1)}`) // prettier-ignore
    const table = await compare(`engines, ${side}²`, candidates, { rounds, notes })
    const rate = (costOf(network) * side * side) / table.rows[0].medianMs / 1e6
    notes.push(`${engines[0].name}: ${rate.toFixed(1)} GMAC/s`)
    tables.push(table)
  }
  return tables
}
