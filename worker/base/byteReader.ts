// Reads a stream of bytes into memory of its own if the stream can do that, so that chunks do not become garbage. In
// Workers, a reader without its own memory also gets only 4 KB at a time.
import { release } from './release.ts'

/** Size of a reader's own memory. */
export const READER_BYTES = 2 ** 16

export interface ByteReader {
  /** True if the reader has its own memory. The body of a Response has such a reader, and any stream in Workers. */
  readonly hasMemory: boolean
  /** Resolves with the next bytes, which are valid until the next read, or with undefined at the end. */
  read(): Promise<Uint8Array | undefined>
  cancel(): void
  /** Unlocks the stream, so that somebody else can read on. No read may be pending. */
  unlock(): void
}

/** Opens a reader, which locks the stream. */
export function openByteReader(stream: ReadableStream<Uint8Array>): ByteReader {
  const byob = byobReaderOf(stream)
  const reader = byob ?? stream.getReader()
  const read = byob
    ? readIntoOwn(byob)
    : async () => (await (reader as ReadableStreamDefaultReader<Uint8Array>).read()).value
  return {
    hasMemory: byob !== undefined,
    read,
    cancel: () => void reader.cancel().catch(() => {}),
    unlock: () => reader.releaseLock(),
  }
}

/** Returns undefined if the stream consists of chunks that were made elsewhere. */
function byobReaderOf(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: 'byob' })
  } catch {
    return undefined
  }
}

function readIntoOwn(reader: ReadableStreamBYOBReader): () => Promise<Uint8Array | undefined> {
  let memory = new ArrayBuffer(READER_BYTES)
  return async () => {
    const { done, value } = await reader.read(new Uint8Array(memory))
    if (done) {
      if (value) release(value)
      return undefined
    }
    memory = value.buffer
    return value
  }
}
