// Writes ONNX files like those of other programs: with float_data instead of raw_data, with packed or unpacked lists,
// with fields in another order. The bytes follow onnx.proto and are written without code of worker/model.

export interface FileOptions {
  /** How weights are encoded: as raw_data, or as float_data, packed or not. */
  readonly floats: 'raw' | 'packed' | 'unpacked'
  readonly integers: 'packed' | 'unpacked'
  /** Whether the fields are in an unusual order (e.g. constants before nodes) and the node has a doc string. */
  readonly isShuffled?: boolean
}

/**
 * Returns an ONNX file with one 3x3 convolution from one channel to one: zero padding, weights 1/16 to 9/16, bias 0.25.
 */
export function convolutionFile({ floats, integers, isShuffled = false }: FileOptions): Uint8Array {
  const list = (field: number, values: readonly number[]) =>
    integers === 'packed'
      ? bytes(field, values.flatMap(varint))
      : values.flatMap((value) => [...varint(field * 8), ...varint(value)])
  const tensor = (name: string, dims: readonly number[], values: readonly number[]) => {
    const f32 = values.map((v) => [...new Uint8Array(Float32Array.of(v).buffer)])
    const data =
      floats === 'raw'
        ? bytes(9, f32.flat())
        : floats === 'packed'
          ? bytes(4, f32.flat())
          : f32.flatMap((v) => varint(4 * 8 + 5).concat(v))
    return bytes(5, [...list(1, dims), ...integer(2, 1), ...data, ...text(8, name)])
  }
  const attribute = (name: string, values: readonly number[]) =>
    bytes(5, [...text(1, name), ...list(8, values), ...integer(20, 7)])
  const value = (field: number, name: string) => {
    const dims = [1, 1, 'h', 'w'].flatMap((dim) => bytes(1, typeof dim === 'number' ? integer(1, dim) : text(2, dim)))
    return bytes(field, [...text(1, name), ...bytes(2, bytes(1, [...integer(1, 1), ...bytes(2, dims)]))])
  }
  const node = bytes(1, [
    ...text(1, 'in'),
    ...text(1, 'weight'),
    ...text(1, 'bias'),
    ...text(2, 'out'),
    ...(isShuffled ? text(6, 'a doc string') : []),
    ...text(4, 'Conv'),
    ...attribute('kernel_shape', [3, 3]),
    ...attribute('pads', [1, 1, 1, 1]),
    ...attribute('strides', [1, 1]),
    ...attribute('dilations', [1, 1]),
    ...bytes(5, [...text(1, 'group'), ...integer(3, 1), ...integer(20, 2)]),
    ...text(3, 'conv'),
  ])
  const constants = [
    ...tensor(
      'weight',
      [1, 1, 3, 3],
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((v) => v / 16),
    ),
    ...tensor('bias', [1], [0.25]),
  ]
  const values = [...value(11, 'in'), ...value(12, 'out')]
  const parts = isShuffled ? [constants, values, node] : [node, constants, values]
  const graph = bytes(7, [...parts.flat(), ...text(2, 'graph')])
  const opset = bytes(8, [...text(1, ''), ...integer(2, 13)])
  const rest = [...text(2, 'another writer'), ...text(3, '1.0'), ...integer(5, 1)]
  return Uint8Array.from([
    ...integer(1, 7),
    ...(isShuffled ? [...opset, ...graph, ...rest] : [...rest, ...graph, ...opset]),
  ])
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]
}

function integer(field: number, value: number): number[] {
  return [...varint(field * 8), ...varint(value)]
}

function bytes(field: number, content: readonly number[]): number[] {
  return [...varint(field * 8 + 2), ...varint(content.length), ...content]
}

function text(field: number, content: string): number[] {
  return bytes(field, [...new TextEncoder().encode(content)])
}
