/** Lets other requests of the isolate have their turn. Where there is setImmediate, as in Node, a timer would wait for a whole millisecond. */
export function pause(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (work: () => void) => unknown }
  return new Promise((resolve) => {
    if (setImmediate) setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}
