// Limits how many pictures are made at a time by the memory they need: ten of 1 MP, but only one of 50 MP.
import { totalmem } from 'node:os'

export interface Memory {
  /**
   * Runs `work` when its `bytes` fit beside those in use, or when nothing else runs. Calls are served in their order.
   */
  with<T>(bytes: number, work: () => Promise<T>): Promise<T>
}

/** Share of the memory for pictures; the rest is for threads, their compilers and other programs. */
const SHARE = 0.5

/** Returns the bytes available for pictures. A container may have less memory than its machine. */
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
