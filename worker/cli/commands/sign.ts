import { MAX_AHEAD_SECONDS, signUrl } from '../../signature.ts'
import { type Command, numberOf, parseArguments, UsageError } from '../../terminal/arguments.ts'
import { print } from '../../terminal/print.ts'
import { secretOf } from '../secrets.ts'

const DEFAULT_SECONDS = 86_400

const OPTIONS = {
  key: { value: 'ID', help: 'id of the secret in SR_SECRET' },
  expires: { value: 'SECONDS', help: `lifetime of the URL (default: ${DEFAULT_SECONDS}, at most 366 days)` },
  param: { value: 'NAME', help: "the worker's SR_PARAM (default: sr)" },
  help: { short: 'h', help: 'show this' },
} as const

export const command: Command = {
  summary: `sign URLs for a worker whose SR_SIGNING_KEYS has ID:SECRET

The secret is read from the variable SR_SECRET. Prints one URL per line.`,
  usage: 'URL... --key ID [options]',
  options: OPTIONS,
  async run(args) {
    const given = parseArguments(args, OPTIONS, ['URL...'])
    const { key, param, expires = `${DEFAULT_SECONDS}`, words } = given
    if (words.length === 0) throw new UsageError('expected URL, got nothing')
    if (key === undefined) throw new UsageError('expected --key with the id of the secret')
    const secret = secretOf('SR_SECRET')
    const seconds = numberOf(expires, 'expires', 1, MAX_AHEAD_SECONDS)
    const urls: string[] = []
    for (const url of words) urls.push(await signed(url, { key, secret, expires: seconds, param }))
    for (const url of urls) print(url)
  },
}

async function signed(url: string, options: Parameters<typeof signUrl>[1]): Promise<string> {
  if (!URL.canParse(url)) throw new UsageError(`expected an absolute URL, got "${url}"`)
  try {
    return await signUrl(url, options)
  } catch (error) {
    // signUrl() throws a RangeError if the URL or the id of the secret is wrong.
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error })
    throw error
  }
}
