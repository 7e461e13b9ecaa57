// The types of Workers lack this function, because workerd forbids it. Node has it.
declare namespace WebAssembly {
  function compile(bytes: BufferSource): Promise<Module>
}
