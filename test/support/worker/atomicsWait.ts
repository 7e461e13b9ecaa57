// A workaround for a bug of miniflare (https://github.com/cloudflare/workers-sdk/pull/15552). miniflare waits for its
// other thread with Atomics.wait, but a late wake-up for an earlier answer also ends the wait for the next answer. With
// this patch, a wait without a timeout ends only after the value has changed.
//
// Delete this file as soon as the repository can use a miniflare with that fix. The fix needs a newer Node than our
// package.json allows. As a reminder, test/worker/atomicsWait.test.ts fails when miniflare's version changes.

const { wait } = Atomics

Atomics.wait = ((array: Int32Array, index: number, value: number, timeout?: number) => {
  if (timeout !== undefined) return wait(array, index, value, timeout)
  let outcome = wait(array, index, value)
  while (outcome === 'ok' && Atomics.load(array, index) === value) outcome = wait(array, index, value)
  return outcome
}) as typeof Atomics.wait
