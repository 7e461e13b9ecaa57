import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

/** Each project is a folder of its own. `npm run test:fast` runs `unit` alone. */
const project = (name: string, testTimeout: number, options: TestProjectInlineConfiguration['test'] = {}) => ({
  test: {
    name,
    root: `${import.meta.dirname}/..`,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    ...options,
  },
})

const build = `${import.meta.dirname}/support/worker/build.ts`
const pack = `${import.meta.dirname}/support/package/pack.ts`

export default defineConfig({
  test: {
    silent: 'passed-only', // a worker logs the failures that tests cause on purpose
    projects: [
      // Pure parts, in Node. The files share a process, because loading modules anew for each file costs as much CPU time
      // as the tests themselves: a test must leave nothing behind in a module or a global.
      project('unit', 30_000, { isolate: false }),
      // Also in Node, but long: whole programs as processes, whole corpora, many thousand inputs, memory. Named after
      // the one thing that they share, the reason why they are not in `unit`.
      project('long', 60_000),
      // The deployable bundle in workerd (miniflare). Its files share a process like those of `unit`: each disposes of its
      // own workers and origins, and loading miniflare anew takes 0.8 s of CPU time.
      project('worker', 60_000, { globalSetup: [build], isolate: false }),
      // Training in Node.
      project('trainer', 120_000),
      // The playground in Chromium.
      project('browser', 120_000, { globalSetup: [build] }),
      // The package as npm gets it, installed in new apps: needs npm's registry.
      project('package', 180_000, { globalSetup: [pack] }),
    ],
  },
})
