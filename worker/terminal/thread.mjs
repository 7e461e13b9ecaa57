// The start of a worker thread in TypeScript, whatever started the process: plain JavaScript that
// registers the loader, then imports the module that `argv` names.
import { register } from 'tsx/esm/api'

register()
await import(process.argv[2])
