import { expect, test } from 'vitest'
import { createMemory } from '../../../worker/cli/upscale/memory.ts'

test('pictures that fit into the memory together are made together, and a picture that needs more is made alone', async () => {
  const memory = createMemory(100)
  const running: string[] = []
  const most: string[] = []
  const ends: Record<string, () => void> = {}
  const make = (name: string, bytes: number) =>
    memory.with(bytes, async () => {
      running.push(name)
      most.push([...running].join(''))
      await new Promise<void>((resolve) => (ends[name] = resolve))
      running.splice(running.indexOf(name), 1)
    })
  const all = [make('a', 40), make('b', 60), make('c', 500), make('d', 1)]
  for (const name of ['a', 'b', 'c', 'd']) {
    while (!ends[name]) await Promise.resolve()
    ends[name]()
  }
  await Promise.all(all)
  expect(most).toEqual(['a', 'ab', 'c', 'd'])
})

test('a picture that fails frees its share of the memory', async () => {
  const memory = createMemory(100)
  await expect(memory.with(100, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await memory.with(100, () => Promise.resolve(7))).toBe(7)
})
