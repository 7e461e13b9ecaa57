// The deployed worker, except that a request can make its platform, edge cache and bindings fail.
import './breakAll.ts'
import app from '../../../worker/index.ts'
import { withFaultsOf } from './current.ts'

export default {
  fetch(request: Request, env: unknown, context: ExecutionContext): Response | Promise<Response> {
    return withFaultsOf(request, () => app.fetch(request, env as object, context))
  },
}
