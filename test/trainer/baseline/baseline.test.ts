import { mkdtemp, readdir, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { clusterAxes, neighboursOf } from '../../../trainer/baseline/anchors.ts'
import { enlargeSparse } from '../../../trainer/baseline/enlargeSparse.ts'
import { LEARN_OPTIONS, learnDictionary } from '../../../trainer/baseline/learnDictionary.ts'
import { leadingEigenvectors, solvePositive } from '../../../trainer/baseline/linear.ts'
import { loadBaseline } from '../../../trainer/baseline/loadBaseline.ts'
import { enlargePlane, shrinkPlane, truthOf } from '../../../trainer/data/degrade.ts'
import { psnr } from '../../../worker/image/metrics.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { drawPicture } from '../../support/pictures/edges.ts'

const SMALL = {
  ...LEARN_OPTIONS,
  atoms: 32,
  size: 16,
  samples: 4000,
  componentSamples: 1000,
  clusterSamples: 2000,
  clusterRounds: 3,
  neighbours: 500,
}
const pictures = [1, 2, 3].map((seed) => drawPicture(96, 96, seed))

test.each([2, 3, 4])('at x%i, a dictionary learned from three pictures beats bicubic on a fourth picture', (scale) => {
  const dictionary = learnDictionary(pictures, scale, SMALL)
  const truth = truthOf(drawPicture(96, 96, 4))
  const small = shrinkPlane(truth, scale)
  const gain =
    psnr(enlargeSparse(small, scale, dictionary), truth, scale) - psnr(enlargePlane(small, scale), truth, scale)
  expect(gain).toBeGreaterThan(0.5)
})

test('learning yields the same dictionary from the same pictures, options and seed, but a different one from another seed', () => {
  const options = { ...SMALL, samples: 1000, clusterSamples: 500 }
  const first = learnDictionary(pictures, 2, options)
  expect(learnDictionary(pictures, 2, options)).toEqual(first)
  expect(learnDictionary(pictures, 2, { ...options, seed: 2 }).maps).not.toEqual(first.maps)
})

test('the progress that learning reports never falls and ends at 1', () => {
  const shares: number[] = []
  learnDictionary(pictures, 2, SMALL, (_, share) => shares.push(share))
  expect(shares).toEqual(shares.toSorted((a, b) => a - b))
  expect(shares.at(-1)).toBe(1)
})

test('a dictionary is learned once, then read from its file, and learned again if the file is truncated', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'baseline-'))
  const data = {
    name: 'drawn',
    digest: 'abc',
    pictures: pictures.map((rgba, i) => ({ name: `${i}`, rgba, isGrey: false })),
  }
  let learned = 0
  const load = (digest = data.digest) => {
    let isLearning = false
    const onProgress = () => {
      if (!isLearning) learned++
      isLearning = true
    }
    return loadBaseline({ ...data, digest }, 2, { folder, learn: SMALL, onProgress })
  }
  const first = await load()
  expect(await load()).toEqual(first)
  expect(learned).toBe(1)
  const [file] = await readdir(folder)
  await truncate(path.join(folder, file), 1000)
  expect(await load()).toEqual(first)
  expect(learned).toBe(2)
  await load('other')
  expect(await readdir(folder)).toHaveLength(2)
})

test('learning refuses pictures that are flat, too small or too few, and enlarging refuses a dictionary for another scale', () => {
  const flat = { width: 60, height: 60, data: new Uint8Array(4 * 60 * 60).fill(128) }
  expect(() => learnDictionary([flat], 2, SMALL)).toThrow('expected pictures with edges or texture')
  expect(() => learnDictionary([drawPicture(5, 5, 1)], 2, SMALL)).toThrow('at least 6 pixels a side')
  expect(() => learnDictionary(pictures, 2, { ...SMALL, samples: 20 })).toThrow('as many windows as atoms, 32, got 20')
  const dictionary = learnDictionary(pictures, 2, { ...SMALL, samples: 500 })
  const plane = { width: 4, height: 4, data: new Float32Array(16) }
  expect(() => enlargeSparse(plane, 3, dictionary)).toThrow('expected a dictionary for x3, got one for x2')
})

test('sparse coding falls back to bicubic for a plane that is smaller than a window', () => {
  const dictionary = learnDictionary(pictures, 2, { ...SMALL, samples: 500 })
  const plane = { width: 2, height: 9, data: Float32Array.from({ length: 18 }, (_, i) => i / 18) }
  expect(enlargeSparse(plane, 2, dictionary)).toEqual(enlargePlane(plane, 2))
})

test('leadingEigenvectors returns the eigenvectors of a known matrix, largest eigenvalue first', () => {
  // The matrix has the eigenvalues 9, 4 and 1. Its eigenvectors are the rows of `axes`.
  const [c, s] = [Math.cos(0.6), Math.sin(0.6)]
  const axes = [
    [0, c, s],
    [1, 0, 0],
    [0, -s, c],
  ]
  const matrix = new Float64Array(9)
  axes.forEach((axis, k) => {
    for (let i = 0; i < 9; i++) matrix[i] += [9, 4, 1][k] * axis[Math.floor(i / 3)] * axis[i % 3]
  })
  const vectors = leadingEigenvectors(matrix, 3, 2)
  axes.slice(0, 2).forEach((axis, k) => {
    const cosine = axis.reduce((sum, v, i) => sum + v * vectors[3 * k + i], 0)
    expect(Math.abs(cosine)).toBeCloseTo(1, 9)
  })
})

test('solvePositive solves for all columns of the right-hand side', () => {
  const random = createRandom(3)
  const root = Array.from({ length: 25 }, () => random.normal())
  const matrix = Float64Array.from({ length: 25 }, (_, i) => {
    const [row, column] = [Math.floor(i / 5), i % 5]
    let sum = row === column ? 1 : 0
    for (let k = 0; k < 5; k++) sum += root[row * 5 + k] * root[column * 5 + k]
    return sum
  })
  const right = Float64Array.from({ length: 10 }, () => random.normal())
  const x = right.slice()
  solvePositive(matrix.slice(), 5, x, 2)
  for (let i = 0; i < 10; i++) {
    let sum = 0
    for (let k = 0; k < 5; k++) sum += matrix[Math.floor(i / 2) * 5 + k] * x[2 * k + (i % 2)]
    expect(sum).toBeCloseTo(right[i], 9)
  }
})

test('neighboursOf returns the features with the largest |cosine|, including those in the opposite direction', () => {
  const features = Float64Array.from([0, 1, -1, 0.5, 0.9].flatMap((x) => [x, Math.sqrt(1 - x * x), 0, 0]))
  const anchors = Float64Array.of(1, 0, 0, 0)
  expect(neighboursOf(anchors, 0, features, 4, 3)).toEqual([1, 2, 4])
})

test('clusterAxes recovers axes from features that point in both directions along the axes', () => {
  const random = createRandom(1)
  const features = new Float64Array(4 * 200)
  for (let n = 0; n < 200; n++) features[4 * n + (n % 2)] = random.next() < 0.5 ? -1 : 1
  const anchors = clusterAxes(features, 4, 8, 2, random, () => {})
  for (let k = 0; k < 8; k++) {
    expect([...anchors.subarray(4 * k, 4 * k + 4)].map(Math.abs).toSorted((a, b) => b - a)).toEqual([1, 0, 0, 0])
  }
})
