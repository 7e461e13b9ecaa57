// Reads secrets from the environment, because arguments appear in the list of processes and in the shell's history.
import { UsageError } from '../terminal/arguments.ts'

/** Returns the value of an environment variable. Throws a UsageError if it is not set. */
export function secretOf(variable: string): string {
  const secret = process.env[variable]
  if (!secret) throw new UsageError(`expected the secret in the variable ${variable}`)
  return secret
}
