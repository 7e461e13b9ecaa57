// The processes of workerd, measured from outside: their memory and CPU time. The clock inside workerd stands still while
// it computes.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Returns the ids of the workerd processes that this process has started. */
export function processesOfWorkerd(): number[] {
  const processes = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', `${process.pid}`], { encoding: 'utf8' })
  return processes
    .split('\n')
    .filter((line) => line.includes('workerd'))
    .map((line) => Number.parseInt(line, 10))
}

/** Returns the result of `start` and the ids of the workerd processes that it started; no others may start meanwhile. */
export async function withProcesses<T>(start: () => Promise<T>): Promise<[T, number[]]> {
  const before = processesOfWorkerd()
  const started = await start()
  return [started, processesOfWorkerd().filter((id) => !before.includes(id))]
}

/** Returns the resident memory in bytes. */
export function residentMemory(processes = processesOfWorkerd()): number {
  return processes
    .map((id) => readFileSync(`/proc/${id}/statm`, 'utf8').split(' ')[1])
    .reduce((sum, pages) => sum + 4096 * Number(pages), 0)
}

/** Returns the CPU time of all threads: that of the isolate, and those that compile and collect garbage for it. */
export function workerdMs(processes = processesOfWorkerd()): number {
  return processes
    .flatMap((id) => readdirSync(`/proc/${id}/task`).map((task) => threadMs(id, task)))
    .reduce((sum, ms) => sum + ms, 0)
}

/** Returns the CPU time of the first thread of each process, which runs the isolate. */
export function isolateMs(processes = processesOfWorkerd()): number {
  return processes.reduce((sum, id) => sum + threadMs(id, `${id}`), 0)
}

/** Reads the CPU time of a thread. The kernel counts in ns. */
function threadMs(process: number, task: string): number {
  return Number(readFileSync(`/proc/${process}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6
}
