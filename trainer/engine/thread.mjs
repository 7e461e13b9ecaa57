// How a worker thread comes to read TypeScript, whatever started the process: plain JavaScript first.
import { register } from 'tsx/esm/api'

register()
await import('./onnxWorker.ts')
