// The part of the protobuf wire format that ONNX needs: varints, length-delimited fields and packed arrays.
// https://protobuf.dev/programming-guides/encoding/
import { encodeAscii } from '../base/ascii.ts'
import { concat } from '../base/concat.ts'

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

/** Appends fields to a growing message. */
export class Writer {
  #parts: Uint8Array[] = []

  varint(field: number, value: number): this {
    return this.#push(tag(field, VARINT), encodeVarint(value))
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#push(tag(field, BYTES), encodeVarint(value.length), value)
  }

  string(field: number, value: string): this {
    return this.bytes(field, encodeAscii(value))
  }

  message(field: number, value: Writer): this {
    return this.bytes(field, value.finish())
  }

  /** Appends a packed list of integers. */
  packed(field: number, values: readonly number[]): this {
    return this.bytes(field, concat(values.map(encodeVarint)))
  }

  finish(): Uint8Array<ArrayBuffer> {
    return concat(this.#parts)
  }

  #push(...parts: Uint8Array[]): this {
    this.#parts.push(...parts)
    return this
  }
}

/** One field of a message. `value` holds a varint, `bytes` any other wire type (as a view of the message). */
export interface Field {
  readonly number: number
  readonly value: number
  readonly bytes: Uint8Array
}

/** Yields the fields of a message in order. Throws a RangeError if the bytes are truncated or invalid. */
export function* readFields(message: Uint8Array): Generator<Field> {
  let position = 0
  const varint = () => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      if (position >= message.length) throw new RangeError('ends inside a number')
      const byte = message[position++]
      value += (byte & 127) * scale
      if (byte < 128) return value
      if (scale > 2 ** 63) throw new RangeError('holds a number longer than 64 bits')
    }
  }
  const take = (length: number) => {
    if (length > message.length - position) throw new RangeError('ends inside a field')
    position += length
    return message.subarray(position - length, position)
  }
  while (position < message.length) {
    const key = varint()
    const wire = key % 8
    const number = Math.floor(key / 8)
    if (wire === VARINT) yield { number, value: varint(), bytes: EMPTY }
    else if (wire === BYTES) yield { number, value: 0, bytes: take(varint()) }
    else if (wire === FIXED64) yield { number, value: 0, bytes: take(8) }
    else if (wire === FIXED32) yield { number, value: 0, bytes: take(4) }
    else throw new RangeError(`holds wire type ${wire}, which protobuf does not use`)
  }
}

/** Returns the integers of a repeated field, whether it was written packed or one by one. */
export function readIntegers(field: Field): number[] {
  if (field.bytes === EMPTY) return [field.value]
  const values: number[] = []
  let value = 0
  let scale = 1
  for (const byte of field.bytes) {
    value += (byte & 127) * scale
    scale *= 128
    if (byte < 128) {
      values.push(value)
      value = 0
      scale = 1
    }
  }
  if (scale !== 1) throw new RangeError('ends inside a packed list')
  return values
}

export function readAscii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

const EMPTY = new Uint8Array(0)

function tag(field: number, wire: number): Uint8Array {
  return encodeVarint(field * 8 + wire)
}

function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      bytes.push(rest)
      return Uint8Array.from(bytes)
    }
    bytes.push((rest % 128) | 128)
  }
}
