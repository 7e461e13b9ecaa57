// `edge-srcnn upscale photos | head`: whoever read along has left. What is made is in files, so the work goes on,
// and nobody is told any more.
export function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}
