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
  /** Unlocks the stream, so that somebody else can read on, and frees the memory. No read may be pending. */
  unlock(): void
}

/** Opens a reader, which locks the stream. */
export function openByteReader(stream: ReadableStream<Uint8Array>): ByteReader {
  const reader = byobReaderOf(stream)
  return reader ? readIntoMemory(reader) : readChunks(stream.getReader())
}

/** Returns undefined if the stream consists of chunks that were made elsewhere. */
function byobReaderOf(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: 'byob' })
  } catch {
    return undefined
  }
}

function readIntoMemory(reader: ReadableStreamBYOBReader): ByteReader {
  let memory = new Uint8Array(READER_BYTES)
  return {
    hasMemory: true,
    async read() {
      const { done, value } = await reader.read(memory)
      if (value) memory = new Uint8Array(value.buffer)
      if (!done) return value
      release(memory)
      return undefined
    },
    cancel: () => cancelQuietly(reader),
    unlock() {
      reader.releaseLock()
      release(memory)
    },
  }
}

function readChunks(reader: ReadableStreamDefaultReader<Uint8Array>): ByteReader {
  return {
    hasMemory: false,
    read: async () => (await reader.read()).value,
    cancel: () => cancelQuietly(reader),
    unlock: () => reader.releaseLock(),
  }
}

function cancelQuietly(reader: Pick<ReadableStreamBYOBReader, 'cancel'>): void {
  void reader.cancel().catch(() => {})
}
