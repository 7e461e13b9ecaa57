// A worker whose clock a test sets: JavaScript to run before the worker's own, which takes the time from
// what an origin answers, for nothing else reaches into an isolate.

const HEADER = 'x-clock-ahead'

/** For `WorkerOptions.prelude`: one line, so that line numbers below it stay what they are. */
export const CLOCK = `{ const { now } = Date; let ahead = 0; Date.now = () => now() + ahead; const plain = globalThis.fetch; globalThis.fetch = async (...asked) => { const response = await plain(...asked); const set = response.headers.get('${HEADER}'); if (set !== null) ahead = 1000 * Number(set); return response } }\n`

/** What an origin says, once it is asked for anything, so that the worker's clock is `seconds` ahead of ours from then on. */
export function clockAhead(seconds: number): Record<string, string> {
  return { [HEADER]: `${seconds}` }
}
