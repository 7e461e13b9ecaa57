/** Bytes that could not be turned into a picture, or a picture into bytes. `cause` is what the codec said. */
export class CodecError extends Error {
  override readonly name = 'CodecError'
}
