// Hands out the space of a WebAssembly memory.

/** Every place begins at a multiple of this, so that vectors are aligned. */
const VECTOR_BYTES = 16

/**
 * Creates a placer that begins at the address `start`. At each place, vectors may be read and written beyond the end by
 * fewer than `slack` bytes.
 */
export function createPlacer(start = 0, slack = 0) {
  let end = start
  return {
    /** Returns the address of a new place of this size. */
    place(bytes: number): number {
      const at = end
      end += Math.ceil((bytes + slack) / VECTOR_BYTES) * VECTOR_BYTES
      return at
    },
    /** Returns the address behind all places so far. */
    end: () => end,
  }
}
