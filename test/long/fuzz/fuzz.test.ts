import { describe, expect, test } from 'vitest'
import { readHeader } from '../../../worker/codec/header.ts'
import { cpuMs } from '../../bench/compare.ts'
import { fuzz, shareOut, type FuzzTarget } from '../../fuzz/fuzz.ts'
import type { PictureInput } from '../../fuzz/targets/pictures.ts'
import { allTargets, DEFAULT_SEED } from '../../fuzz/allTargets.ts'

const EXECUTIONS = 20_000
const targets = allTargets().filter(({ isCommandOnly }) => !isCommandOnly)
const counts = shareOut(targets, EXECUTIONS)
const header = targets.find(({ name }) => name === 'header') as FuzzTarget<PictureInput>

// `npm run fuzz` checks a million inputs instead, and saves an input that breaks a property.
describe('20,000 changed files, fields and URLs break no property of any parser', () => {
  test.each(targets.map((target, i) => [target.about, target, counts[i]] as const))(
    '%s',
    async (_, target, executions) => {
      const { finding, accepted } = await fuzz(target, { seed: DEFAULT_SEED, executions })
      expect(finding).toBeUndefined()
      expect(accepted, 'number of accepted inputs').toBeGreaterThan(executions / 20)
    },
  )
})

test('the same seed makes the same inputs, and another seed makes other inputs', async () => {
  const inputs = async (seed: number) => {
    const seen: Uint8Array[] = []
    const check = ({ bytes }: PictureInput) => seen.push(bytes) > 0
    await fuzz({ ...header, check }, { seed, executions: 200 })
    return Buffer.concat(seen).toString('base64')
  }
  expect(await inputs(1)).toBe(await inputs(1))
  expect(await inputs(1)).not.toBe(await inputs(2))
})

describe('the fuzzer finds a bug', () => {
  const isBroken = (bytes: Uint8Array) => {
    const { type, width, alpha } = readHeader(bytes)
    return type === 'png' && width > 0xffff && alpha
  }
  const planted: [string, FuzzTarget<PictureInput>['check']][] = [
    [
      'if the check throws',
      ({ bytes }) => {
        if (isBroken(bytes)) throw new RangeError('planted')
        return true
      },
    ],
    ['if the check rejects', ({ bytes }) => (isBroken(bytes) ? Promise.reject(new RangeError('planted')) : true)],
  ]
  test.each(planted)('%s, and again when only the same execution is repeated', async (_, check) => {
    const target = { ...header, check }
    const { finding, executions } = await fuzz(target, { seed: DEFAULT_SEED, executions: EXECUTIONS })
    expect(finding).toMatchObject({ target: 'header', seed: DEFAULT_SEED, error: { message: 'planted' } })
    const { execution, file } = finding!
    expect(executions).toBe(execution + 1)
    const again = await fuzz(target, { seed: DEFAULT_SEED, executions: 1, first: execution })
    expect(again.finding?.file).toEqual(file)
  })

  test('if the check takes too long', async () => {
    const check = () => {
      const end = cpuMs() + 3
      while (cpuMs() < end);
      return true
    }
    const { finding } = await fuzz({ ...header, check }, { seed: DEFAULT_SEED, executions: 1, maxMs: 1 })
    expect(finding?.error.message).toMatch(/took \d+ ms of CPU time, expected at most 1/)
  })
})
