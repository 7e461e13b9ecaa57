import { availableParallelism } from 'node:os'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

/** Returns a project: the tests in the folder of its name. `npm run test:fast` runs only the project `unit`. */
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
    // By default vitest leaves a core unused, which on two cores is half of the machine.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    silent: 'passed-only', // a worker logs the failures that tests cause on purpose
    projects: [
      // Pure parts, in Node. Files share a process, because loading the modules again for each file would cost as
      // much CPU time as the tests themselves. So a test must not leave anything behind in a module or a global.
      project('unit', 30_000, { isolate: false }),
      // Tests that are too slow for `unit`, also in Node: whole programs as processes, whole corpora, many thousand
      // inputs, memory.
      project('long', 60_000),
      // The deployable bundle in workerd (miniflare). Files share a process, because loading miniflare again for
      // each file would take 0.8 s of CPU time. Each file disposes of its own workers and origins.
      project('worker', 60_000, { globalSetup: [build], isolate: false }),
      // Training in Node.
      project('trainer', 240_000),
      // The playground in Chromium.
      project('browser', 120_000, { globalSetup: [build], expect: { poll: { timeout: 10_000 } } }),
      // The package as npm gets it, installed in new apps. Needs npm's registry.
      project('package', 180_000, { globalSetup: [pack] }),
      // The package in other runtimes, and in apps of others' bundlers and frameworks, each in its newest version. Needs npm's registry.
      // `npm run test:apps` runs it, and `npm test` leaves it out, because the apps need 1 GB of packages.
      project('apps', 600_000, { globalSetup: [pack] }),
    ],
  },
})
