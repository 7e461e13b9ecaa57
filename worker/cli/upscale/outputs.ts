// Names the file of each result: `cat-x3.jpg` beside `cat.jpg`, the same relative path below the folder OUT, or the
// file OUT. The picture of a URL has no folder of its own, so its result is written to the working directory.
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { EncodeFormat } from '../../codec/contract.ts'
import type { ImageType } from '../../codec/header.ts'
import type { Format } from '../../client/allowed.ts'
import type { Size } from '../../picture/wish.ts'
import { formatOf } from '../../picture/plan.ts'
import { UsageError } from '../../terminal/arguments.ts'
import type { Input } from './inputs.ts'

/**
 * The parsed `-o OUT`: a folder, a file, or the file `-` for stdout. Without OUT both are undefined, and each result is
 * written beside its input.
 */
export interface OutputTarget {
  readonly folder?: string
  readonly file?: string
}

/** The file that stands for stdout. */
export const STDOUT = '-'

/**
 * File extensions of each format. If the list contains the extension of the input, the result keeps that extension;
 * otherwise the result gets the first extension in the list.
 */
const EXTENSIONS: Readonly<Record<EncodeFormat, readonly string[]>> = {
  jpeg: ['.jpg', '.jpeg', '.jpe', '.jfif'],
  png: ['.png'],
  webp: ['.webp'],
}

/** Extensions of picture formats that cannot be written. */
const OTHER_PICTURES = /^\.(?:gif|bmp|avif|heic|tiff?|svg|jxl|jp2)$/i

/**
 * Parses `-o OUT`. `-` is stdout. OUT is a folder if that folder exists, if it ends in a slash, or if its extension is not that of a
 * picture. OUT is a file if it has the extension of a format that can be written. Throws a UsageError for anything
 * else.
 */
export async function targetOf(out: string | undefined): Promise<OutputTarget> {
  if (out === undefined) return {}
  if (out === STDOUT) return { file: out }
  const there = await stat(out).catch(() => undefined)
  if (there?.isDirectory() || /[/\\]$/.test(out)) return { folder: out }
  const extension = path.extname(out)
  if (formatNamed(out)) return { file: out }
  if (there || OTHER_PICTURES.test(extension)) {
    const extensions = Object.values(EXTENSIONS).flat().join(', ')
    throw new UsageError(`expected --out to be a folder, or a file that ends in ${extensions}, got "${out}"`)
  }
  return { folder: out }
}

/** Returns the format that a file's extension stands for. */
export function formatNamed(file: string): EncodeFormat | undefined {
  const extension = path.extname(file).toLowerCase()
  return FORMATS.find((format) => EXTENSIONS[format].includes(extension))
}
const FORMATS = Object.keys(EXTENSIONS) as EncodeFormat[]

/** Returns the suffix for a size: `-x3`, `-640w`, `-640w-480h`. */
export function suffixOf({ scale, width, height }: Size): string {
  if (scale !== undefined) return `-x${scale}`
  return (width === undefined ? '' : `-${width}w`) + (height === undefined ? '' : `-${height}h`)
}

/** Returns the path of an input's result. `type` is the input's type as detected from its content. */
export function outputOf(
  { file, source, place }: Input,
  target: OutputTarget,
  type: ImageType,
  size: Size,
  format: Format,
): string {
  if (target.file !== undefined) return target.file
  const beside = source === 'file' ? file : place
  const { dir, name, ext } = path.parse(target.folder === undefined ? beside : path.join(target.folder, place))
  return path.join(dir, name + suffixOf(size) + extensionOf(ext, type, format))
}

/**
 * Returns the extension of a result: the input's extension `own` if it fits the format, else the first extension of the
 * format. If no result can be written in the format of the input (such as AVIF), returns `own`, because the input may
 * then be copied unchanged.
 */
function extensionOf(own: string, type: ImageType, asked: Format): string {
  const format = formatOf(type, asked)
  if (format === undefined || EXTENSIONS[format].includes(own.toLowerCase())) return own
  return EXTENSIONS[format][0]
}
