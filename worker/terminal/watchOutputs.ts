import { printError } from './print.ts'

/**
 * Handles errors of stdout and stderr. Writing fails with EPIPE if the program that reads the output has ended, as in
 * `edge-srcnn upscale photos | head`. This error is ignored: the results of commands are files, so the work continues
 * without further output. After any other error, such as that of a full disk, the output would be incomplete without
 * saying so, and the process exits with code 1.
 */
export function watchOutputs(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return
      if (name === 'stdout') printError(`stdout cannot be written: ${error.message}`)
      process.exit(1)
    })
  }
}
