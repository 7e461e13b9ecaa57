// Finds the pictures that the arguments (files, folders, globs, URLs and `-` for stdin) stand for.
import { readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { isHttp } from '../download.ts'

export interface Input {
  /** Path of a file, a URL, or `-`. */
  readonly file: string
  readonly source: 'file' | 'stdin' | 'url'
  /**
   * For a URL or stdin, the name of a file. For a file, its path relative to the given folder, or to the folders that the glob names before its first wildcard. The result gets
   * the same path below OUT.
   */
  readonly place: string
}

export interface FoundInputs {
  readonly inputs: readonly Input[]
  /** True if every argument is a picture, as in `a.jpg b.jpg`; false if one of them is a folder or a glob. */
  readonly areNamed: boolean
  /** Arguments and folders that could not be found or read. */
  readonly failures: readonly Failure[]
}

export interface Failure {
  readonly file: string
  /** Why the file or folder could not be found or read. */
  readonly message: string
}

/**
 * Matches the names of pictures in folders. Includes formats that cannot be decoded, so that the report lists such
 * files as left out. The extension only selects files; their type is detected from the content.
 */
const PICTURES = /\.(?:jpe?g|jpe|jfif|png|webp|gif|bmp|avif|heic|tiff?|svg|jxl|jp2)$/i

/** Matches the names, without extension, that outputs.ts gives to results. */
const RESULT = /^(.+)-(?:x[234]|\d+w|\d+h|\d+w-\d+h)$/

/**
 * Finds the pictures that `words` stand for. `out` is the folder for results; it is not searched if it is below an
 * input folder.
 */
export async function findInputs(words: readonly string[], out?: string): Promise<FoundInputs> {
  const found: { inputs: Input[]; failures: Failure[] } = { inputs: [], failures: [] }
  let areNamed = true
  for (const word of words) {
    if (word === STDIN) {
      found.inputs.push({ file: word, source: 'stdin', place: 'stdin' })
      continue
    }
    if (isHttp(word)) {
      found.inputs.push({ file: word, source: 'url', place: nameIn(new URL(word)) })
      continue
    }
    const kind = await stat(word).catch((error: NodeJS.ErrnoException) => error)
    if (!(kind instanceof Error) && !kind.isDirectory()) {
      found.inputs.push({ file: word, source: 'file', place: path.basename(word) })
      continue
    }
    const isGlob = kind instanceof Error && isDynamicPattern(word)
    if (kind instanceof Error && !isGlob) {
      found.failures.push({ file: word, message: describeFileError(kind) })
      continue
    }
    areNamed = false
    const failures: Failure[] = []
    const all = isGlob ? await matches(word) : await walk(word, '', out && path.resolve(out), failures)
    const inputs = withoutResults(all.filter(({ file, place }) => !out || !isBelow(file, out, place)))
    if (inputs.length === 0 && failures.length === 0) {
      failures.push({ file: word, message: isGlob ? 'no file matches' : 'no pictures in it' })
    }
    found.inputs.push(...inputs)
    found.failures.push(...failures)
  }
  return { inputs: withoutRepeats(found.inputs), areNamed, failures: found.failures }
}

/** The argument that stands for stdin, and for stdout where a result is named. */
export const STDIN = '-'

/** Bytes that the name of a result may have in most file systems, without its suffix and extension. */
const MAX_NAME_BYTES = 200

/** Returns the last part of a URL's path as the name of a file; `picture` if it cannot be one. */
export function nameIn({ pathname }: URL): string {
  const last = pathname.split('/').at(-1)!
  // Characters that lead to other folders, or that some file systems or terminals do not take.
  const { name, ext } = path.parse(
    decoded(last)
      .replaceAll(/[\p{Cc}"*/:<>?\\|]/gu, '_')
      .replace(/^\.+/, ''),
  )
  let stem = name
  while (Buffer.byteLength(stem + ext) > MAX_NAME_BYTES && stem !== '') stem = [...stem].slice(0, -1).join('')
  return stem === '' ? 'picture' : stem + ext
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // with an escape that is no UTF-8
  }
}

/** Searches a folder. Follows links to files, but not links to folders, because they may form a cycle. */
async function walk(folder: string, place: string, out: string | undefined, failures: Failure[]): Promise<Input[]> {
  const inputs: Input[] = []
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const { name } = entry
      const file = path.join(folder, name)
      if (name.startsWith('.')) continue
      if (entry.isDirectory()) {
        if (path.resolve(file) !== out) inputs.push(...(await walk(file, path.join(place, name), out, failures)))
      } else if (PICTURES.test(name) && (entry.isFile() || entry.isSymbolicLink())) {
        inputs.push({ file, source: 'file', place: path.join(place, name) })
      }
    }
  } catch (error) {
    failures.push({ file: folder, message: describeFileError(error as Error) })
  }
  return inputs
}

async function matches(pattern: string): Promise<Input[]> {
  const parts = pattern.split('/')
  const firstDynamic = parts.findIndex((part) => isDynamicPattern(part))
  // The base is made of the parts before the first part that is a pattern. Neither part of `{a/b,c}.jpg` is a pattern
  // by itself; for such a glob, the base is the working directory or the root.
  const base = parts.slice(0, Math.max(0, firstDynamic)).join('/') || (pattern.startsWith('/') ? '/' : '.')
  const inputs: Input[] = []
  const root = await realpath(base).catch(() => base)
  for (const file of (await glob(pattern, { expandDirectories: false })).toSorted()) {
    const place = path.relative(base, file)
    // glob() follows links to folders, but walk() does not. So files below such links are dropped here.
    const folder = await realpath(path.dirname(file)).catch(() => undefined)
    if (folder === path.join(root, path.dirname(place))) inputs.push({ file, source: 'file', place })
  }
  return inputs
}

/** True if `file` is an earlier result: the file is in `out`, and `out` is below the folder that was searched. */
function isBelow(file: string, out: string, place: string): boolean {
  const root = path.resolve(file).slice(0, -place.length)
  const folder = path.resolve(out) + path.sep
  return path.resolve(file).startsWith(folder) && folder.length > root.length
}

/**
 * Removes the results of earlier runs. `cat-x3.jpg` counts as a result if its folder also has a picture named `cat`,
 * such as `cat.png`.
 */
function withoutResults(inputs: readonly Input[]): readonly Input[] {
  const stems = new Set(inputs.map(({ file }) => stemOf(file)))
  return inputs.filter(({ file }) => {
    const source = RESULT.exec(path.parse(file).name)?.[1]
    return source === undefined || !stems.has(path.join(path.dirname(file), source))
  })
}

function stemOf(file: string): string {
  const { dir, name } = path.parse(file)
  return path.join(dir, name)
}

function withoutRepeats(inputs: readonly Input[]): Input[] {
  const first = new Map<string, Input>()
  for (const input of inputs) {
    const key = input.source === 'file' ? path.resolve(input.file) : input.file
    if (!first.has(key)) first.set(key, input)
  }
  return [...first.values()]
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'it may not be read or written',
  EPERM: 'it may not be read or written',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'a part of its path is no folder',
  ENOSPC: 'the disk is full',
  EPIPE: 'the program that reads it has ended',
  EROFS: 'the disk may not be written',
}

/** Describes an error of a file: in words if the error's code is a common one, else by the error's own message. */
export function describeFileError(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  const known = code === undefined ? undefined : FILE_ERRORS[code]
  return known === undefined ? error.message : `${known} (${code})`
}
