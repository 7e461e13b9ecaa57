import { type Command, oneOf, parseArguments } from '../../worker/terminal/arguments.ts'
import { print, printText } from '../../worker/terminal/print.ts'
import { readManifest } from '../run/export.ts'
import { findRunFolder, listRuns, RUNS_FOLDER } from '../run/runFolders.ts'
import { type ObjectStore, STORES } from '../ship/contract.ts'
import { formatModels } from '../ship/formatModels.ts'
import { withStore } from '../ship/openStore.ts'
import { brokenFiles, readPrevious, readServed, type ServedManifest } from '../ship/servedManifest.ts'

const OPTIONS = {
  to: { value: 'STORE', help: `list what a bucket serves now and served before; STORE is ${STORES.join(' or ')}` },
  bucket: { value: 'NAME', help: 'bucket (default: the one that wrangler.toml binds as MODELS_BUCKET)' },
  help: { short: 'h', help: 'show this' },
} as const

/** Number of earlier manifests to show. */
const HISTORY = 10

export const command: Command = {
  summary: 'list the weights of all runs and of models/, or those in a bucket',
  usage: '[--to STORE] [options]',
  options: OPTIONS,
  async run(args) {
    const given = parseArguments(args, OPTIONS)
    if (given.to === undefined) return listFolders()
    await withStore(oneOf(given.to, 'to', STORES), given.bucket, listStore)
  },
}

async function listFolders(): Promise<void> {
  print('models:')
  printText(formatModels(await readManifest('models')))
  for (const run of listRuns()) {
    const manifest = await readManifest(findRunFolder(run))
    const models = manifest.models.length > 0 ? formatModels(manifest) : '  no weights yet'
    print(`${RUNS_FOLDER}/${run}:`)
    printText(models)
  }
}

async function listStore(store: ObjectStore): Promise<void> {
  const served = await readServed(store)
  if (!served) return print(`${store.title} serves no weights`)
  print(`${store.title} serves, ${dateOf(served)}:`)
  printText(formatModels(served.manifest))
  for (const fault of await brokenFiles(store, served.manifest)) print(`note: ${fault}`)
  let before: Pick<ServedManifest, 'previous'> = served
  for (let i = 0; i < HISTORY; i++) {
    const previous = await readPrevious(store, before)
    if (!previous) return
    print(`before that, ${dateOf(previous)}:`)
    printText(formatModels(previous.manifest))
    before = previous
  }
}

function dateOf({ date }: Pick<ServedManifest, 'date'>): string {
  return date === undefined ? 'without a date' : `since ${date}`
}
