// The part of node:async_hooks that workerd has with the compatibility flag nodejs_als.
declare module 'node:async_hooks' {
  export class AsyncLocalStorage<T> {
    run<R>(store: T, work: () => R): R
    getStore(): T | undefined
  }
}
