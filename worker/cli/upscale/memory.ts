// Limits how many pictures are made at the same time, so that they fit into memory: for example ten of 1 MP, but only
// one of 50 MP.
import { totalmem } from 'node:os'

export interface Memory {
  /**
   * Runs `work`, which needs `bytes` of memory, as soon as this memory is free or no other work runs. Work starts in
   * the order of the calls.
   */
  with<T>(bytes: number, work: () => Promise<T>): Promise<T>
}

/** Share of the memory that pictures may use. The rest is for threads, their compilers and other programs. */
const SHARE = 0.5

/** Returns how many bytes of memory pictures may use. A container may have less memory than its machine. */
export function memoryBytes(): number {
  const constrained = process.constrainedMemory()
  return SHARE * Math.min(totalmem(), constrained && constrained > 0 ? constrained : Infinity)
}

export function createMemory(total = memoryBytes()): Memory {
  let used = 0
  const waiting: { bytes: number; start: () => void }[] = []
  const startNext = () => {
    for (let next = waiting[0]; next && (used === 0 || used + next.bytes <= total); [next] = waiting) {
      used += next.bytes
      waiting.shift()
      next.start()
    }
  }
  return {
    async with(bytes, work) {
      await new Promise<void>((start) => {
        waiting.push({ bytes, start })
        startNext()
      })
      try {
        return await work()
      } finally {
        used -= bytes
        startNext()
      }
    },
  }
}
