/** Thrown if a file cannot be decoded or a picture cannot be encoded. `cause` is the error of the codec module. */
export class CodecError extends Error {
  override readonly name = 'CodecError'
}
