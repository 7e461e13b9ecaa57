// `npm start`: runs the worker in `wrangler dev` and prints the address of a picture that it enlarges.
// Arguments are passed to wrangler: `npm start -- --port 9000 --var ORIGIN_URL:https://images.example`.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { printError, printText } from '../terminal/print.ts'

const given = process.argv.slice(2)
const hasOwnEnvironment = given.some((arg) => /^(--env|-e)\b/.test(arg))
const hasOrigin = given.some((arg) => /\bORIGIN_(URL|BUCKET)\b/.test(arg))
const port = valueOf('--port') ?? '8787'
const args = ['dev', ...given]
if (!given.includes('--port')) args.push('--port', port)
// The playground is also useful with a developer's own origin, so it is enabled here. The demo environment enables it
// already.
if (hasOrigin && !given.some((arg) => arg.startsWith('SR_PLAYGROUND:'))) args.push('--var', 'SR_PLAYGROUND:true')
if (!hasOwnEnvironment) args.push('--env', hasOrigin ? '' : 'demo')

const pages = `http://localhost:${port}/_sr/`
if (await answers(`${pages}health`)) {
  printError(`port ${port} is taken by another worker; choose another one: npm start -- --port 8788`)
  process.exit(1)
}

const wrangler = createRequire(import.meta.url).resolve('wrangler/package.json')
const child = spawn(process.execPath, [join(wrangler, '../bin/wrangler.js'), ...args], {
  stdio: 'inherit',
  // Keeps wrangler off the network, because local development needs neither an account nor a connection.
  env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
})
child.on('exit', (code) => process.exit(code ?? 1))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))

void announceWhenReady()

async function announceWhenReady(): Promise<void> {
  while (!(await answers(`${pages}health`))) await new Promise((resolve) => setTimeout(resolve, 200))
  printText(`
  A picture, enlarged three times:      ${pages}samples/harbour.jpg?sr=3
  The playground, before and after:     ${pages}
`)
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

function valueOf(flag: string): string | undefined {
  const at = given.indexOf(flag)
  return at < 0 ? undefined : given[at + 1]
}
