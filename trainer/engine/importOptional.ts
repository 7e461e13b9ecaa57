// Imports optional packages at run time: packages of hundreds of megabytes, and packages that need a GPU.

/**
 * Imports the package `name`. Throws if the package is missing or does not load. The error ends with `install`, the
 * command that installs the package.
 */
export async function importOptional<T>(name: string, install: string): Promise<T> {
  try {
    const module = (await import(/* @vite-ignore */ name)) as T & { default?: T }
    return module.default ?? module
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' && message.includes(name)
    const reason = isMissing ? 'is not installed' : `does not load (${message.split('\n')[0]})`
    throw new Error(`${name} ${reason}; install it with ${install}`, { cause })
  }
}
