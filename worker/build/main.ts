// `npm run build`: what lies in dist/ for the worker. Compilers take seconds and one core each, the first time: two at a time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

await Promise.all([run('codecsMain.ts'), run('kernelsMain.ts')])
await run('assets.ts') // copies of theirs, too

/** With the loader that this process runs under. */
async function run(script: string): Promise<void> {
  const path = join(import.meta.dirname, script)
  const child = spawn(process.execPath, [...process.execArgv, path], { stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) process.exit(code ?? 1)
}
