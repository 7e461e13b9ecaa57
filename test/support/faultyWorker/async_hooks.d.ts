// The part of node:async_hooks that the compatibility flag nodejs_als adds to workerd.
declare module 'node:async_hooks' {
  export class AsyncLocalStorage<T> {
    run<R>(store: T, work: () => R): R
    getStore(): T | undefined
  }
}
