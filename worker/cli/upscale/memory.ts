// How many pictures are made at a time is a matter of memory, too: ten of 1 MP, but one of 50 MP.
import { totalmem } from 'node:os'

export interface Memory {
  /** Runs `work` when there is room beside the others', or when it is alone; in turn. */
  with<T>(bytes: number, work: () => Promise<T>): Promise<T>
}

/** The rest is for threads, their compilers and whatever else runs here. */
const SHARE = 0.5

/** A container may have less than its machine. */
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
