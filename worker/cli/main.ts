#!/usr/bin/env node
// The command line: `npx edge-srcnn COMMAND`, or `npm run cli -- COMMAND` in this repository. Imports nothing but on
// demand, so that a version of Node that is too old for the rest still gets as far as the sentence that says so.
import('../base/requireNode.mjs').then(
  () => import('./program.ts'),
  ({ message }: Error) => {
    process.stderr.write(`${message}\n`)
    process.exitCode = 1
  },
)
