// Lists the WebAssembly memories that JavaScript or a module creates during some work.

/** Runs `work` with a list to which every new memory is added. */
export async function watchMemories<T>(work: (memories: readonly WebAssembly.Memory[]) => T | Promise<T>): Promise<T> {
  const { Memory, Instance } = WebAssembly
  const memories: WebAssembly.Memory[] = []
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor)
      memories.push(this)
    }
  }
  WebAssembly.Instance = class extends Instance {
    constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
      super(module, imports)
      const memory = this.exports.memory as WebAssembly.Memory | undefined
      if (memory && !memories.includes(memory)) memories.push(memory)
    }
  }
  try {
    return await work(memories)
  } finally {
    WebAssembly.Memory = Memory
    WebAssembly.Instance = Instance
  }
}
