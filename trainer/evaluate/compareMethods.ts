// The evaluation: measures every method on every set at every scale from every input.
import type { PictureSet } from '../data/pictureSet.ts'
import type { NamedMethod } from './findMethod.ts'
import { acceptsInput } from './method.ts'
import { type PublishedFigures, publishedOf, type PublishedMethod } from './published.ts'
import { createMeasure, type TimedQuality, meanOf } from './score.ts'
import type { TestInput } from './testInput.ts'

/** Mean scores of one method on one set, at one scale, from one kind of input. */
export interface MethodResult extends TimedQuality {
  readonly set: string
  readonly scale: number
  readonly input: TestInput
  readonly method: string
  readonly images: number
  readonly published?: PublishedFigures & { readonly method: PublishedMethod }
  readonly pictures: readonly (TimedQuality & { readonly picture: string })[]
}

/** Number of times that each method enlarges each picture. The median time is reported. */
const RUNS = 3

/** Measures the methods. Calls `onPicture` with a description before each method enlarges each picture. */
export async function compareMethods(
  sets: readonly Pick<PictureSet, 'name' | 'pictures'>[],
  scales: readonly number[],
  inputs: readonly TestInput[],
  methods: readonly NamedMethod[],
  onPicture: (what: string) => void = () => {},
): Promise<MethodResult[]> {
  const results: MethodResult[] = []
  for (const { name: set, pictures } of sets) {
    for (const scale of scales) {
      for (const input of inputs) {
        const able = methods.filter((method) => method.scales.includes(scale) && acceptsInput(method, input))
        const measured = able.map((): (TimedQuality & { picture: string })[] => [])
        for (const picture of pictures) {
          const measure = await createMeasure(picture, scale, input, RUNS)
          for (const [i, method] of able.entries()) {
            onPicture(`${set} x${scale} ${input} ${picture.name} ${method.name}`)
            measured[i].push({ picture: picture.name, ...(await measure(method)) })
          }
        }
        for (const [i, { name, counterpart }] of able.entries()) {
          const published = counterpart && publishedOf(counterpart, set, scale, input)
          results.push({
            set,
            scale,
            input,
            method: name,
            images: pictures.length,
            ...meanOf(measured[i]),
            seconds: measured[i].reduce((sum, { seconds }) => sum + seconds, 0) / pictures.length,
            ...(published && { published: { method: counterpart, ...published } }),
            pictures: measured[i],
          })
        }
      }
    }
  }
  return results
}
