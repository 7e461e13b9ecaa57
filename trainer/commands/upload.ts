import { type Command, oneOf, parseArguments, UsageError } from '../../worker/terminal/arguments.ts'
import { print, printText } from '../../worker/terminal/print.ts'
import { findRunFolder } from '../run/runFolders.ts'
import { STORES } from '../ship/contract.ts'
import { formatModels } from '../ship/formatModels.ts'
import { withStore } from '../ship/openStore.ts'
import { rollBack } from '../ship/publish.ts'
import { uploadRun } from '../ship/uploadRun.ts'
import { parseScales } from './trainOptions.ts'

const OPTIONS = {
  to: {
    value: 'STORE',
    help:
      'local: the simulated R2 of `wrangler dev`; s3: R2 or any S3-compatible store, named by the environment ' +
      'variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL_S3',
  },
  bucket: { value: 'NAME', help: 'bucket (default: the one that wrangler.toml binds as MODELS_BUCKET)' },
  scale: { value: 'N,N', help: 'scales to upload (default: all of the run)' },
  force: {
    help: 'upload even if weights score worse than bicubic or the served weights, or if the store lacks conditional writes',
  },
  rollback: { help: 'instead of uploading, restore the weights that were served before' },
  help: { short: 'h', help: 'show this' },
} as const

export const command: Command = {
  summary: 'publish the weights of a run (or of the folder models) to a bucket that a worker serves from',
  usage: 'RUN --to STORE [options], or --rollback --to STORE',
  options: OPTIONS,
  async run(args) {
    const given = parseArguments(args, OPTIONS, ['RUN'])
    const [run] = given.words
    if (given.to === undefined) throw new UsageError(`expected --to ${STORES.join(' or ')}, got nothing`)
    const to = oneOf(given.to, 'to', STORES)
    const { bucket, force = false } = given
    if (given.rollback) {
      if (run !== undefined || given.scale !== undefined) {
        throw new UsageError('expected neither RUN nor --scale with --rollback')
      }
      await withStore(to, bucket, async (store) => {
        const manifest = await rollBack(store, { force })
        print(`${store.title} serves again:`)
        printText(formatModels(manifest))
      })
      return
    }
    if (run === undefined) throw new UsageError('expected RUN to upload, got nothing')
    const scales = given.scale === undefined ? undefined : parseScales(given.scale)
    await uploadRun(findRunFolder(run), to, { bucket, scales, force })
  },
}
