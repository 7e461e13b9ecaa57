// Where a result goes: `cat-x3.jpg` beside `cat.jpg`, at the same place below a folder, or to a file.
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { EncodeFormat } from '../../codec/contract.ts'
import type { ImageType } from '../../codec/header.ts'
import type { Format } from '../../client/allowed.ts'
import type { Size } from '../../request/params.ts'
import { formatOf } from '../../picture/plan.ts'
import { UsageError } from '../../terminal/arguments.ts'
import type { Input } from './inputs.ts'

/** Of `-o OUT`; none of the two: beside the input. */
export interface Target {
  readonly folder?: string
  readonly file?: string
}

/** The first is what a name gets that has another format's. */
const EXTENSIONS: Readonly<Record<EncodeFormat, readonly string[]>> = {
  jpeg: ['.jpg', '.jpeg', '.jpe', '.jfif'],
  png: ['.png'],
  webp: ['.webp'],
}

/** Names of pictures that cannot be written here. */
const OTHER_PICTURES = /^\.(?:gif|bmp|avif|heic|tiff?|svg|jxl|jp2)$/i

/** A folder, if it is there, ends in a slash or has no picture's name. */
export async function targetOf(out: string | undefined): Promise<Target> {
  if (out === undefined) return {}
  const there = await stat(out).catch(() => undefined)
  if (there?.isDirectory() || /[/\\]$/.test(out)) return { folder: out }
  const extension = path.extname(out)
  if (formatNamed(out)) return { file: out }
  if (there || OTHER_PICTURES.test(extension)) {
    throw new UsageError(
      `expected --out to be a folder, or a file that ends in ${Object.values(EXTENSIONS).flat().join(', ')}, got "${out}"`,
    )
  }
  return { folder: out }
}

/** By its name. */
export function formatNamed(file: string): EncodeFormat | undefined {
  const extension = path.extname(file).toLowerCase()
  return FORMATS.find((format) => EXTENSIONS[format].includes(extension))
}
const FORMATS = Object.keys(EXTENSIONS) as EncodeFormat[]

/** `-x3`, `-640w`, `-640w-480h` */
export function suffixOf({ scale, width, height }: Size): string {
  if (scale !== undefined) return `-x${scale}`
  return (width === undefined ? '' : `-${width}w`) + (height === undefined ? '' : `-${height}h`)
}

/** `type` is what the input was seen to be. */
export function outputOf({ file, place }: Input, target: Target, type: ImageType, size: Size, format: Format): string {
  if (target.file !== undefined) return target.file
  const { dir, name, ext } = path.parse(target.folder === undefined ? file : path.join(target.folder, place))
  return path.join(dir, name + suffixOf(size) + extensionOf(ext, type, format))
}

/** Its own where that is right; of what is not decoded a copy may be wanted, under its own name. */
function extensionOf(own: string, type: ImageType, asked: Format): string {
  const format = formatOf(type, asked)
  if (format === undefined || EXTENSIONS[format].includes(own.toLowerCase())) return own
  return EXTENSIONS[format][0]
}
