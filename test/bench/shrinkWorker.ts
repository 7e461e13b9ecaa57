// oxlint-disable-next-line typescript/triple-slash-reference -- ambient: nothing to import from it
/// <reference path="../../worker/wasm.d.ts" />
// The worker for shrinking.ts. GET /?by=kernel&size=2000x1500&to=1280x960 shrinks a picture, which is made at the first
// request. A GET without `by` only makes it.
import { createVectorShrinker } from '../../worker/engine/vectorShrinker.ts'
import { collectRows } from '../../worker/image/rows.ts'
import { plainShrinker } from '../../worker/image/shrink.ts'
import { shrinkModule } from '../../worker/platform/workersFiles.ts'
import { bandsOf, noise } from './shrinkPicture.ts'

const shrinkers = { oracle: plainShrinker, kernel: createVectorShrinker(shrinkModule) }
const pictures = new Map<string, ReturnType<typeof noise>>()

// oxlint-disable-next-line import/no-default-export -- the entry point that workerd calls
export default {
  async fetch(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams
    const size = query.get('size')!
    const [width, height] = size.split('x').map(Number)
    const picture = pictures.get(size) ?? noise(width, height)
    pictures.set(size, picture)
    if (!query.has('by')) return new Response()
    const [outWidth, outHeight] = query.get('to')!.split('x').map(Number)
    const shrinker = shrinkers[query.get('by') as keyof typeof shrinkers]
    await collectRows(shrinker.shrink(bandsOf(picture), outWidth, outHeight))
    return new Response()
  },
}
