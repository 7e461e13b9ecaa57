// The deployed worker, with the limits that Workers and R2 have in production.
import { withLimitsOf } from './limits.ts'
import app from '../../../worker/index.ts'

export default {
  fetch(request: Request, env: unknown, context: ExecutionContext): Response | Promise<Response> {
    return withLimitsOf(request, () => app.fetch(request, env as object, context))
  },
}
