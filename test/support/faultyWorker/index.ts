// The worker as it deploys, where a test can make everything around it and below it fail.
import './breakAll.ts'
import app from '../../../worker/index.ts'
import { withFaultsOf } from './current.ts'

export default {
  fetch(request: Request, env: unknown, context: ExecutionContext): Response | Promise<Response> {
    return withFaultsOf(request, () => app.fetch(request, env as object, context))
  },
}
