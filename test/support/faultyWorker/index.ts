// The deployed worker, except that everything around it and below it can be made to fail.
import './breakAll.ts'
import app from '../../../worker/index.ts'
import { withFaultsOf } from './current.ts'

export default {
  fetch(request: Request, env: unknown, context: ExecutionContext): Response | Promise<Response> {
    return withFaultsOf(request, () => app.fetch(request, env as object, context))
  },
}
