// Packages that weigh hundreds of megabytes or want a GPU are optional peers: found at run time.

/** Throws, with the command that installs it, where the package `name` is missing or does not load. */
export async function importOptional<T>(name: string, install: string): Promise<T> {
  try {
    const module = (await import(/* @vite-ignore */ name)) as T & { default?: T }
    return module.default ?? module
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' && message.includes(name)
    const reason = isMissing ? 'is not installed' : `does not load (${message.split('\n')[0]})`
    throw new Error(`${name} ${reason}; ${install}`, { cause })
  }
}
