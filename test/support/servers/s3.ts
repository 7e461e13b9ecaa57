// Starts a real S3 server on loopback, the one of moto. Needs Python with the packages moto and flask.
import { spawn, spawnSync } from 'node:child_process'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AwsClient } from 'aws4fetch'

const FIND = 'import importlib.util as u, sys; sys.exit(not (u.find_spec("moto") and u.find_spec("flask")))'

export const hasS3Server = spawnSync('python3', ['-c', FIND]).status === 0
if (!hasS3Server) console.warn("skipped: tests with an S3 server, which need moto: pip install 'moto[server]'")

export interface S3Server {
  readonly url: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  makeBucket(name: string): Promise<void>
  /** Switches the server's check of signatures on or off. */
  setChecking(isChecking: boolean): Promise<void>
  close(): void
}

export async function startS3Server(): Promise<S3Server> {
  const child = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(text) ?? []
      if (found) resolve(found)
    })
    child.on('exit', () => reject(new Error(`moto did not start: ${text}`)))
  })
  const root = { accessKeyId: 'root', secretAccessKey: 'root', region: 'us-east-1' }
  const send = async (service: string, method: string, path: string, body?: string) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const client = new AwsClient({ ...root, service, retries: 0 })
    const response = await client.fetch(`${url}${path}`, { method, headers, body })
    const text = await response.text()
    if (!response.ok) throw new Error(`moto: ${response.status} ${text}`)
    return text
  }
  const iam = (action: string) => send('iam', 'POST', '/', `Version=2010-05-08&UserName=tester&Action=${action}`)
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
  await iam('CreateUser')
  await iam(`PutUserPolicy&PolicyName=all&PolicyDocument=${encodeURIComponent(JSON.stringify(policy))}`)
  const key = await iam('CreateAccessKey')
  const textOf = (element: string) => new RegExp(`<${element}>([^<]*)<`).exec(key)![1]
  return {
    url,
    credentials: { accessKeyId: textOf('AccessKeyId'), secretAccessKey: textOf('SecretAccessKey') },
    async makeBucket(name) {
      await send('s3', 'PUT', `/${name}`)
    },
    async setChecking(isChecking) {
      await fetch(`${url}/moto-api/reset-auth`, { method: 'POST', body: isChecking ? '0' : 'inf' })
    },
    close: () => child.kill(),
  }
}

/**
 * Starts a proxy in front of `target` that removes the headers named in `dropped` from requests. If `answer` returns a
 * status for a method, the proxy answers requests of that method itself.
 */
export async function startProxy(
  target: string,
  dropped: readonly string[],
  answer: (method: string) => number | undefined = () => undefined,
): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((incoming, outgoing) => {
    const status = answer(incoming.method!)
    if (status !== undefined) {
      incoming.resume()
      outgoing.writeHead(status).end()
      return
    }
    const kept = Object.entries(incoming.headers).filter(([name]) => !dropped.includes(name))
    const options = { method: incoming.method, headers: Object.fromEntries(kept) }
    const onward = request(`${target}${incoming.url}`, options, (reply) => {
      outgoing.writeHead(reply.statusCode!, reply.headers)
      reply.pipe(outgoing)
    })
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() }
}
