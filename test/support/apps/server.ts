// Starts the servers of apps, each as a process of its own on a free port.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '../servers/freePort.ts'

export interface AppServer {
  readonly origin: string
  stop(): Promise<void>
}

export interface AppCommand {
  readonly cwd: string
  /** The program and its arguments. */
  readonly command: (port: number) => readonly string[]
  /** Matches the output of a server that listens. */
  readonly ready: RegExp
}

/** Starts a server, and waits until it listens. Rejects with its output if it ends before. */
export async function startServer({ cwd, command, ready }: AppCommand): Promise<AppServer> {
  const port = await freePort()
  const [program, ...args] = command(port)
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...QUIET, PORT: `${port}` },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // so that `stop` can also end the processes that it starts
  })
  await outputOf(child, ready)
  return { origin: `http://localhost:${port}`, stop: () => stopGroup(child) }
}

/** Variables for which tools print plain text and ask nothing of the network. */
export const QUIET = { NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1', WRANGLER_SEND_METRICS: 'false' }

function outputOf(child: ChildProcess, ready: RegExp): Promise<void> {
  let output = ''
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (ready.test(output)) resolve()
      })
    }
    child.on('error', reject)
    child.on('close', (code) => reject(new Error(`the server ended with code ${code}:\n${output}`)))
  })
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const end = once(child, 'exit')
  process.kill(-child.pid!, 'SIGTERM')
  await end
}
