/** A file that could not be decoded, or a picture that could not be encoded. `cause` is the codec's own error. */
export class CodecError extends Error {
  override readonly name = 'CodecError'
}
