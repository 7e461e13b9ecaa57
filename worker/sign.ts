// `npm run sign`: a signed URL on the command line. The secret comes from the environment, where no
// list of processes and no history of a shell shows it.
import { parseArgs } from 'node:util'
import { signUrl } from './signature.ts'

const USAGE = `SR_SECRET=... npm run sign -- URL [URL ...] --key ID [--expires SECONDS] [--param NAME]

Signs URLs for a worker whose SR_SIGNING_KEYS has ID:SECRET. Prints one a line.

  --key ID           which secret SR_SECRET is
  --expires SECONDS  from now until the URL ends (default: 86400, at most 366 days)
  --param NAME       the worker's SR_PARAM (default: sr)`

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      expires: { type: 'string', default: '86400' },
      param: { type: 'string', default: 'sr' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) console.log(USAGE)
  else await sign(positionals, values)
} catch (error) {
  console.error(`${(error as Error).message}\nSee --help.`)
  process.exitCode = 1
}

async function sign(
  urls: readonly string[],
  { key, expires, param }: { key?: string; expires: string; param: string },
): Promise<void> {
  const secret = process.env.SR_SECRET
  if (!secret) throw new Error('expected the secret in the variable SR_SECRET')
  if (key === undefined) throw new Error('expected --key with the id of the secret')
  if (urls.length === 0) throw new Error('expected a URL')
  for (const url of urls) console.log(await signUrl(url, { key, secret, param, expires: Number(expires) })) // prettier-ignore
}
