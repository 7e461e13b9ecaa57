// Starts a worker thread whose script is TypeScript: this plain JavaScript registers the loader, which threads do not
// inherit, and then imports the module that is named in `argv`.
import { register } from 'tsx/esm/api'

register()
await import(process.argv[2])
