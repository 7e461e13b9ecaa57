// Names of deployments of this worker in the header `Via` (RFC 9110, 7.6.3), by which a loop of them is found.
import { sha256 } from '../base/sha256.ts'

/**
 * Returns the name of this deployment. A request that arrives with this name shows that the origin leads back to this
 * worker. The name is made from where the worker is and where it fetches from: in a loop both are the same again, while
 * workers in a row differ in at least one of them.
 */
export async function deploymentName(host: string, base: URL | undefined): Promise<string> {
  const way = new TextEncoder().encode(`${host} ${base?.href ?? ''}`)
  return `edge-srcnn-${(await sha256(way)).slice(0, 16)}`
}

/** Returns the names of the deployments that a request has passed. */
export function deploymentsPassed({ headers }: Request): readonly string[] {
  return headers.get('via')?.match(/\bedge-srcnn-[0-9a-f]{16}\b/g) ?? []
}
