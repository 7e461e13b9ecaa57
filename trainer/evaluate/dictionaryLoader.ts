import type { Dictionary } from '../baseline/enlargeSparse.ts'
import { loadBaseline } from '../baseline/loadBaseline.ts'
import { type PictureSet, readPictureSet } from '../data/pictureSet.ts'
import { createStepProgress } from './stepProgress.ts'

/**
 * Returns a function that loads the dictionary of a scale, or learns it and shows progress. The pictures of `folder`
 * are read once, on first use.
 */
export function createDictionaryLoader(folder: () => string): (scale: number) => Promise<Dictionary> {
  let data: PictureSet | undefined
  return async (scale) => {
    data ??= await readPictureSet(folder())
    const progress = createStepProgress()
    const dictionary = await loadBaseline(data, scale, {
      onProgress: (stage, share) => progress.at(`sparse coding x${scale} learns ${stage}`, share),
    })
    progress.end()
    return dictionary
  }
}
