// The types of Workers lack WebAssembly.compile, because workerd forbids it. Node has it.
declare namespace WebAssembly {
  function compile(bytes: BufferSource): Promise<Module>
}
