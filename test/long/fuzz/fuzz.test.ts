import { describe, expect, test } from 'vitest'
import { readHeader } from '../../../worker/codec/header.ts'
import { fuzz, shares, type Target } from '../../fuzz/fuzz.ts'
import type { PictureInput } from '../../fuzz/targets/pictures.ts'
import { allTargets, SEED } from '../../fuzz/targets.ts'

const EXECUTIONS = 20_000
const targets = allTargets().filter(({ isForCommand }) => !isForCommand)
const counts = shares(targets, EXECUTIONS)
const header = targets.find(({ name }) => name === 'header') as Target<PictureInput>

// `npm run fuzz` does a million, and says which input it was.
describe('20,000 changed files, fields and URLs break no property of their readers', () => {
  test.each(targets.map((target, i) => [target.name, target, counts[i]] as const))(
    '%s',
    async (_, target, executions) => {
      const { finding, taken } = await fuzz(target, { seed: SEED, executions })
      expect(finding).toBeUndefined()
      expect(taken, 'inputs that are not refused').toBeGreaterThan(executions / 20)
    },
  )
})

test('the same seed gives the same inputs, another one gives others', async () => {
  const inputs = async (seed: number) => {
    const seen: Uint8Array[] = []
    const check = ({ bytes }: PictureInput) => seen.push(bytes) > 0
    await fuzz({ ...header, check }, { seed, executions: 200 })
    return Buffer.concat(seen).toString('base64')
  }
  expect(await inputs(1)).toBe(await inputs(1))
  expect(await inputs(1)).not.toBe(await inputs(2))
})

describe('a bug is found, and found again by the execution alone', () => {
  const isBroken = (bytes: Uint8Array) => {
    const { type, width, alpha } = readHeader(bytes)
    return type === 'png' && width > 0xffff && alpha
  }
  const planted: [string, Target<PictureInput>['check']][] = [
    [
      'that throws',
      ({ bytes }) => {
        if (isBroken(bytes)) throw new RangeError('planted')
        return true
      },
    ],
    ['that rejects', ({ bytes }) => (isBroken(bytes) ? Promise.reject(new RangeError('planted')) : true)],
  ]
  test.each(planted)('%s', async (_, check) => {
    const target = { ...header, check }
    const { finding, executions } = await fuzz(target, { seed: SEED, executions: EXECUTIONS })
    expect(finding).toMatchObject({ target: 'header', seed: SEED, error: { message: 'planted' } })
    const { execution, file } = finding!
    expect(executions).toBe(execution + 1)
    const again = await fuzz(target, { seed: SEED, executions: 1, first: execution })
    expect(again.finding?.file).toEqual(file)
  })

  test('that takes its time', async () => {
    const check = () => {
      const end = performance.now() + 3
      while (performance.now() < end);
      return true
    }
    const { finding } = await fuzz({ ...header, check }, { seed: SEED, executions: 1, maxMs: 1 })
    expect(finding?.error.message).toMatch(/took \d+ ms, expected at most 1/)
  })
})
