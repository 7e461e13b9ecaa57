// The codec as a worker: answers a POST of a picture file with its upright RGBA bytes. Headers carry the size.
import { createCodec } from '../../../worker/codec/codec.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { codecModules } from '../../../worker/platform/workersFiles.ts'

const codec = createCodec(codecModules)

// oxlint-disable-next-line import/no-default-export -- what workerd calls
export default {
  async fetch(request: Request): Promise<Response> {
    const bytes = new Uint8Array(await request.arrayBuffer())
    const { width, height, data } = await codec.decode(bytes, readHeader(bytes))
    return new Response(new Uint8Array(data), {
      headers: { width: `${width}`, height: `${height}` },
    })
  },
}
