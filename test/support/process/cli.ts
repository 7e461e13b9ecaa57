// Runs the command line as a separate process.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = join(import.meta.dirname, '../../..')
const LOADER = pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href
const MAIN = join(ROOT, 'worker/cli/main.ts')

export interface CliOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array | undefined
  /** Id of the user that the process runs as. Default: the current user. */
  readonly uid?: number | undefined
  /** Interrupts the process, as Ctrl-C does, as soon as stdout contains this text. */
  readonly interruptAt?: string
  /** Closes stdout after the first output, as `| head -1` does. */
  readonly closeStdout?: boolean
}

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  /** The bytes of stdout, which may be a picture. */
  readonly bytes: Buffer
  readonly stderr: string
}

/**
 * Returns whether a user can run the command line, which requires the right to read this repository. A folder of mode
 * 0700 above the repository takes this right from other users.
 */
export function canRunCliAs(uid: number): boolean {
  const script = `require('node:fs').accessSync(${JSON.stringify(MAIN)})`
  return spawnSync(process.execPath, ['--eval', script], { cwd: '/', uid, stdio: 'ignore' }).status === 0
}

/** Returns the words that run the command line, before its arguments. */
export const cliCommand = (): string[] => [process.execPath, '--import', LOADER, MAIN]

/** A command that does not end is killed, so that its test fails and no process is left. Its exit code is null. */
const KILL_AFTER_MS = 50_000

/** Runs the command line with `args` and waits until the process ends. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { cwd, env, uid, stdin, interruptAt, closeStdout = false } = options
  const [program, ...before] = cliCommand()
  const child = spawn(program, [...before, ...args], {
    cwd,
    uid,
    env: { ...process.env, ...env },
    timeout: KILL_AFTER_MS,
    killSignal: 'SIGKILL',
  })
  const chunks: Buffer[] = []
  const stdoutOf = () => Buffer.concat(chunks).toString()
  let stderr = ''
  child.stdin.on('error', () => {}) // a command that ends without reading its stdin
  child.stdin.end(stdin ?? '')
  child.stdout.on('data', (chunk: Buffer) => {
    const isDue = interruptAt !== undefined && !stdoutOf().includes(interruptAt)
    chunks.push(chunk)
    if (isDue && stdoutOf().includes(interruptAt)) child.kill('SIGINT')
    if (closeStdout) child.stdout.destroy()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout: stdoutOf(), bytes: Buffer.concat(chunks), stderr }))
  })
}
