// The codec in workerd: the answer to a POST of a file is its upright RGBA, with the size in headers.
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
