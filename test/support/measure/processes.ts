// Measures the memory and CPU time of workerd from outside its processes, because the clock inside workerd stands still
// while a worker computes.
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

/**
 * Runs `start`, and returns its result and the ids of the workerd processes that it started. No other workerd may start
 * meanwhile.
 */
export async function withProcesses<T>(start: () => Promise<T>): Promise<[T, number[]]> {
  const before = processesOfWorkerd()
  const started = await start()
  return [started, processesOfWorkerd().filter((id) => !before.includes(id))]
}

/** Returns the resident memory of the processes in bytes. */
export function residentMemory(processes = processesOfWorkerd()): number {
  return processes
    .map((id) => readFileSync(`/proc/${id}/statm`, 'utf8').split(' ')[1])
    .reduce((sum, pages) => sum + 4096 * Number(pages), 0)
}

/**
 * Returns the CPU time of all threads in ms. Besides the thread of the isolate, these are the threads that compile and
 * collect garbage for it.
 */
export function workerdMs(processes = processesOfWorkerd()): number {
  return processes
    .flatMap((id) => readdirSync(`/proc/${id}/task`).map((task) => threadMs(id, task)))
    .reduce((sum, ms) => sum + ms, 0)
}

/** Returns the CPU time in ms of the first thread of each process. That thread runs the isolate. */
export function isolateMs(processes = processesOfWorkerd()): number {
  return processes.reduce((sum, id) => sum + threadMs(id, `${id}`), 0)
}

/** Returns the CPU time of a thread in ms. The kernel counts it in ns. */
function threadMs(process: number, task: string): number {
  return Number(readFileSync(`/proc/${process}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6
}
