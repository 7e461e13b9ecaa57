// All targets of the fuzzer, in the order in which they run.
import type { FuzzTarget } from './fuzz.ts'
import { cacheEntryTargets } from './targets/cacheEntry.ts'
import { freshnessTargets } from './targets/freshness.ts'
import { jpegTargets } from './targets/jpeg.ts'
import { modelTargets } from './targets/model.ts'
import { originTargets } from './targets/origin.ts'
import { pictureTargets } from './targets/pictures.ts'
import { pngDecodeTargets } from './targets/pngDecode.ts'
import { pngEncodeTargets } from './targets/pngEncode.ts'
import { responseTargets } from './targets/response.ts'
import { urlTargets } from './targets/urls.ts'

/** Returns all targets. The targets for pictures change generated files, and also the files in `corpus`. */
export function allTargets(corpus: readonly Uint8Array[] = []): FuzzTarget[] {
  return [
    ...pictureTargets(corpus),
    ...jpegTargets(),
    ...pngDecodeTargets(),
    ...pngEncodeTargets(),
    ...modelTargets(),
    ...responseTargets(),
    ...freshnessTargets(),
    ...urlTargets(),
    ...originTargets(),
    ...cacheEntryTargets(),
  ]
}

/** The seed of the test, and the default seed of `npm run fuzz`. */
export const DEFAULT_SEED = 20_260_101
