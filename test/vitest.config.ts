import { defineConfig } from 'vitest/config'

// unit: pure parts, in Node. worker: the deployable bundle in workerd (miniflare). trainer: training
// in Node. browser: Chromium. package: what npm gets, installed in new apps (wants npm's registry).
// Each is a folder of its own.
const project = (name: string, testTimeout: number, globalSetup: string[] = []) => ({
  test: {
    name,
    root: `${import.meta.dirname}/..`,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    globalSetup,
  },
})

export default defineConfig({
  test: {
    silent: 'passed-only', // a worker logs the failures that a test expects of it
    projects: [
      project('unit', 30_000),
      project('long', 60_000),
      project('worker', 60_000, [`${import.meta.dirname}/support/worker/build.ts`]),
      project('trainer', 120_000),
      project('browser', 120_000, [`${import.meta.dirname}/support/worker/build.ts`]),
      project('package', 180_000, [`${import.meta.dirname}/support/package/pack.ts`]),
    ],
  },
})
