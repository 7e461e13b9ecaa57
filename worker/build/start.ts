// `npm start`: runs the worker in `wrangler dev` and prints the address of a picture that it enlarges.
// Arguments are passed to wrangler: `npm start -- --port 9000 --var ORIGIN_URL:https://images.example`.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { join } from 'node:path'
import { printError, printText } from '../terminal/print.ts'

const given = process.argv.slice(2)
const hasOwnEnvironment = given.some((arg) => /^(--env|-e)\b/.test(arg))
const hasOrigin = given.some((arg) => /\bORIGIN_(URL|BUCKET)\b/.test(arg))
const port = valueOf('--port') ?? '8787'
const args = ['dev', ...given]
if (valueOf('--port') === undefined) args.push('--port', port)
// The playground is also useful with a developer's own origin, so it is enabled here. The demo environment enables it
// already.
if (hasOrigin && !given.some((arg) => arg.startsWith('SR_PLAYGROUND:'))) args.push('--var', 'SR_PLAYGROUND:true')
if (!hasOwnEnvironment) args.push('--env', hasOrigin ? '' : 'demo')

if (await isTaken(Number(port))) {
  printError(`port ${port} is taken by another program; choose another one: npm start -- --port 8788`)
  process.exit(1)
}
printText('Builds codecs, kernels and pages, then starts the worker in wrangler. The first build takes half a minute.')

const wrangler = createRequire(import.meta.url).resolve('wrangler/package.json')
const child = spawn(process.execPath, [join(wrangler, '../bin/wrangler.js'), ...args], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  // Keeps wrangler off the network, because local development needs neither an account nor a connection.
  env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
})
child.on('exit', (code) => process.exit(code ?? 1))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
// wrangler sends this message when its own server listens. Whatever answers before may be another program.
child.on('message', (message) => {
  const ready = JSON.parse(String(message)) as { event?: string; ip?: string; port?: number }
  if (ready.event === 'DEV_SERVER_READY') void announceWhenReady(`http://${ready.ip}:${ready.port}`)
})

async function announceWhenReady(server: string): Promise<void> {
  while (!(await answers(`${server}/_sr/health`))) await new Promise((resolve) => setTimeout(resolve, 200))
  printText(`
  A picture, enlarged three times:      ${server}/_sr/samples/harbour.jpg?sr=3
  The playground, before and after:     ${server}/_sr/${hasOrigin ? `\n  Your site, with ?sr=2 at its pictures: ${server}/` : ''}
`)
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

/** Returns whether a program listens on a port of this machine, on IPv4 or IPv6. */
async function isTaken(number: number): Promise<boolean> {
  const attempts = ['127.0.0.1', '::1'].map(
    (host) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ host, port: number })
        const end = (isOpen: boolean) => {
          socket.destroy()
          resolve(isOpen)
        }
        socket.on('connect', () => end(true)).on('error', () => end(false))
      }),
  )
  return (await Promise.all(attempts)).includes(true)
}

/** Returns the value of `--flag value` or `--flag=value`. */
function valueOf(flag: string): string | undefined {
  const inline = given.find((arg) => arg.startsWith(`${flag}=`))
  const at = given.indexOf(flag)
  return inline?.slice(flag.length + 1) ?? (at < 0 ? undefined : given[at + 1])
}
