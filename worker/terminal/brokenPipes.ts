// Writing fails with EPIPE if the program that reads the output has ended, as in `edge-srcnn upscale photos | head`.
// This error is ignored: the results of commands are files, so the work continues without further output.
export function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}
