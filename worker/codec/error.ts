/** Thrown if a file cannot be decoded or a picture cannot be encoded. `cause` is the error of the codec module. */
export class CodecError extends Error {
  override readonly name: string = 'CodecError'
}

/** Thrown if a file ends early or contains data that no encoder writes. It fails in the same way every time. */
export class DamagedError extends CodecError {
  override readonly name = 'DamagedError'
}

/** Thrown if a file costs far more memory than its size suggests. It fails in the same way most times. */
export class TooComplexError extends CodecError {
  override readonly name = 'TooComplexError'
}
