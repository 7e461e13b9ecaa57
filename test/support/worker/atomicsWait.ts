// A workaround for miniflare, which waits for its thread with Atomics.wait: a late wake-up for an earlier answer ends the
// wait for the next one, https://github.com/cloudflare/workers-sdk/pull/15552. With this patch a wait without a timeout
// ends only once the value has changed.
//
// Delete this file when miniflare is at a version with that fix, which needs a newer Node than our package.json allows.
// test/worker/atomicsWait.test.ts fails when miniflare's version changes, as a reminder.

const { wait } = Atomics

Atomics.wait = ((array: Int32Array, index: number, value: number, timeout?: number) => {
  if (timeout !== undefined) return wait(array, index, value, timeout)
  let outcome = wait(array, index, value)
  while (outcome === 'ok' && Atomics.load(array, index) === value) outcome = wait(array, index, value)
  return outcome
}) as typeof Atomics.wait
