// Lets `fetch` use the proxy that the environment names, as curl and npm do: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in
// capitals or not. Node's own fetch ignores them; Bun's and Deno's do not.

const VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']

/** Replaces this process's `fetch` if the environment names a proxy. Must be called before the first request. */
export async function useProxy(): Promise<void> {
  const { bun, deno } = process.versions
  const isNamed = VARIABLES.some((name) => process.env[name])
  if (bun !== undefined || deno !== undefined || !isNamed) return
  const { EnvHttpProxyAgent, fetch, setGlobalDispatcher } = await import('undici')
  // http is not tunnelled, because many proxies allow tunnels to port 443 only.
  setGlobalDispatcher(new EnvHttpProxyAgent({ proxyTunnel: false }))
  // Node's fetch would need an agent of the very version of undici that is built into Node.
  globalThis.fetch = fetch as unknown as typeof globalThis.fetch
}
