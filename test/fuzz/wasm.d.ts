// Node has it, Workers have not: the worker's types lack it.
declare namespace WebAssembly {
  function compile(bytes: BufferSource): Promise<Module>
}
