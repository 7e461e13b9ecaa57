// In `edge-srcnn upscale photos | head` the reader of stdout exits early. The results are files, so the work continues
// without further output.
export function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}
