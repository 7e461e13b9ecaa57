// The WebAssembly module of encoder.ts: filters rows of a PNG and compresses them. Plain SIMD only: without relaxed
// instructions, the bytes are the same on every processor.
import { crcOf, initCrc } from './checksum.as'
import { filterPaeth, packRow } from './filter.as'
export { deflate, finishDeflate, startDeflate, takeOutput } from './deflate.as'
export { crcOf, initCrc }

@inline const PAETH: u8 = 4

/** Filters a row of RGBA. Leaves the packed row at `row`, and the filter and the differences at `to`. */
export function filterRow(rgba: usize, width: usize, stride: usize, row: usize, above: usize, to: usize): void {
  packRow(rgba, row, width, stride)
  store<u8>(to, PAETH)
  filterPaeth(row, above, stride, width * stride, to + 1)
}
