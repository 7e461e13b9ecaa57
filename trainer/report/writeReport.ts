// Writes the report of a run: report.html, which contains its pictures, and the same pictures as PNG files in
// report/.
import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createCodec } from '../../worker/codec/codec.ts'
import type { Codec } from '../../worker/codec/contract.ts'
import type { Engine } from '../../worker/engine/engine.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import { makeFolder } from '../../worker/terminal/makeFolder.ts'
import type { Dictionary } from '../baseline/enlargeSparse.ts'
import type { PictureSet, Picture } from '../data/pictureSet.ts'
import { networkMethod, sparseMethod } from '../evaluate/method.ts'
import { BICUBIC_METHOD, cropHardestPlace, type ShownMethod } from './crops.ts'
import { drawFilters } from './filters.ts'
import { type CropRow, drawPage, type ImageUrl, type ScaleImages } from './drawPage.ts'
import { readRun, type ScaleRecord } from './readRun.ts'

export interface ReportOptions {
  /** Folder to write to. Default: the folder of the run. */
  readonly out?: string
  /** Pictures to show crops of. If there are none, the page says so. */
  readonly sets: readonly PictureSet[]
  /** Loads the dictionary of sparse coding. Without it, the page says that sparse coding is missing. */
  readonly sparse?: (scale: number) => Promise<Dictionary>
  /** Engine that runs the run's network. */
  readonly engine: Engine
}

/**
 * Names of the pictures to crop, as in the papers' figures. If the sets have none of them, the first four pictures are
 * cropped.
 */
const SHOWN = ['butterfly', 'zebra', 'ppt3', 'comic']

/** Writes the report and returns the path of the page. Deletes the pictures of an earlier report. */
export async function writeReport(folder: string, options: ReportOptions): Promise<string> {
  const { out = folder, sets } = options
  const run = await readRun(folder)
  const album = await openAlbum(path.join(out, 'report'))
  const images = new Map<number, ScaleImages>()
  for (const scale of run.scales) images.set(scale.scale, await drawImages(scale, options, album))
  const missing = [
    sets.length === 0 && 'There are no crops, because there are no pictures to crop: name folders with --data.',
    sets.length > 0 &&
      !options.sparse &&
      'Sparse coding is missing: it was switched off, or there are no pictures to learn it from (--sparse).',
  ].filter((sentence) => sentence !== false)
  const file = path.join(out, 'report.html')
  await writeFile(file, drawPage({ run, images, missing }))
  return file
}

async function drawImages(
  { scale, model }: ScaleRecord,
  { sets, sparse, engine }: ReportOptions,
  keep: Album,
): Promise<ScaleImages> {
  if (model === undefined) return { crops: [] }
  const { network, entry } = model
  const methods: ShownMethod[] = [BICUBIC_METHOD]
  if (sparse && sets.length > 0) {
    const dictionaries = new Map([[scale, await sparse(scale)]])
    methods.push({ name: 'sparse coding', ...sparseMethod(dictionaries) })
  }
  methods.push({ name: entry.name, ...networkMethod(new Map([[scale, { network, engine }]])) })
  const rows: CropRow[] = []
  for (const { set, picture } of choosePictures(sets)) {
    const title = titleOf(picture)
    const crops = await cropHardestPlace(picture, scale, methods)
    const kept = []
    for (const { method, rgba, psnr } of crops) {
      const image = await keep(`x${scale}-${set}-${title}-${method.replaceAll(' ', '-')}`, rgba)
      kept.push({ method, image, psnr })
    }
    rows.push({ set, picture: title, crops: kept })
  }
  return { filters: await keep(`x${scale}-filters`, drawFilters(network.layers[0])), crops: rows }
}

/** Returns a picture's name as in papers, for example `butterfly` for the file `butterfly_GT` of Set5. */
function titleOf({ name }: Picture): string {
  return name.replace(/_GT$/, '')
}

function choosePictures(sets: readonly PictureSet[]) {
  const all = sets.flatMap(({ name, pictures }) => pictures.map((picture) => ({ set: name, picture })))
  const shown = SHOWN.flatMap((name) => all.find(({ picture }) => titleOf(picture) === name) ?? [])
  return shown.length > 0 ? shown : all.slice(0, SHOWN.length)
}

/** Writes a picture to the PNG file called `name` and returns the content of the file as a `data:` URL. */
type Album = (name: string, picture: Rgba) => Promise<ImageUrl>

async function openAlbum(folder: string): Promise<Album> {
  const codec: Codec = createCodec(await loadCodecModules())
  await rm(folder, { recursive: true, force: true })
  await makeFolder(folder)
  return async (name, picture) => {
    const bytes = await codec.encode(picture, { format: 'png', quality: 100 })
    await writeFile(path.join(folder, `${name}.png`), bytes)
    return `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`
  }
}
