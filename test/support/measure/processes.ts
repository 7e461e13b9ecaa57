// The processes of workerd, seen from outside: their memory, and what they had of the processors.
// workerd's own clock stands still while it computes.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** The ids of those that this process started. */
export function processesOfWorkerd(): number[] {
  const processes = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', `${process.pid}`], { encoding: 'utf8' })
  return processes
    .split('\n')
    .filter((line) => line.includes('workerd'))
    .map((line) => Number.parseInt(line, 10))
}

/** What `start` gives, and the ids of the processes of workerd that it started; nothing else may start any meanwhile. */
export async function withProcesses<T>(start: () => Promise<T>): Promise<[T, number[]]> {
  const before = processesOfWorkerd()
  const started = await start()
  return [started, processesOfWorkerd().filter((id) => !before.includes(id))]
}

/** Resident memory in bytes. */
export function residentMemory(processes = processesOfWorkerd()): number {
  return processes
    .map((id) => readFileSync(`/proc/${id}/statm`, 'utf8').split(' ')[1])
    .reduce((sum, pages) => sum + 4096 * Number(pages), 0)
}

/** CPU time of all threads: of the isolate and of those that compile and collect garbage for it. */
export function workerdMs(processes = processesOfWorkerd()): number {
  return processes
    .flatMap((id) => readdirSync(`/proc/${id}/task`).map((task) => threadMs(id, task)))
    .reduce((sum, ms) => sum + ms, 0)
}

/** CPU time of the first thread of each alone: the one that runs the isolate. */
export function isolateMs(processes = processesOfWorkerd()): number {
  return processes.reduce((sum, id) => sum + threadMs(id, `${id}`), 0)
}

/** The kernel counts in ns. */
function threadMs(process: number, task: string): number {
  return Number(readFileSync(`/proc/${process}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6
}
