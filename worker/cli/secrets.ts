// Secrets come from the environment, where no list of processes and no history of a shell shows them.
import { UsageError } from '../terminal/arguments.ts'

export function secretOf(variable: string): string {
  const secret = process.env[variable]
  if (!secret) throw new UsageError(`expected the secret in the variable ${variable}`)
  return secret
}
