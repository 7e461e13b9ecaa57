// Publishes to both kinds of store: the simulated R2, and a real S3 server if one is installed.
import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNetwork, subPixelArchitecture } from '../../../worker/model/network.ts'
import { readCandidates } from '../../../trainer/ship/readCandidates.ts'
import { openLocalStore } from '../../../trainer/ship/localStore.ts'
import { publish, rollBack } from '../../../trainer/ship/publish.ts'
import { openS3Store, s3Settings } from '../../../trainer/ship/s3Store.ts'
import { brokenFiles, readPrevious, readServed } from '../../../trainer/ship/servedManifest.ts'
import type { ObjectStore } from '../../../trainer/ship/contract.ts'
import { makeRunFolder, type RunModel } from '../../support/trainer/runFolder.ts'
import { hasS3Server, type S3Server, startProxy, startS3Server } from '../../support/servers/s3.ts'

const HASTE = { attempts: 3, delayMs: 1 }
let server: S3Server
let buckets = 0

beforeAll(async () => {
  if (hasS3Server) server = await startS3Server()
})
afterAll(() => server?.close())

async function openTestS3(url = server.url, credentials = server.credentials): Promise<ObjectStore> {
  const bucket = `bucket-${++buckets}`
  await server.makeBucket(bucket)
  return openS3Store({ endpoint: url, bucket, region: 'us-east-1', ...credentials }, HASTE)
}

async function ship(store: ObjectStore, models: readonly RunModel[], force = false, day = 1) {
  const candidates = await readCandidates(await makeRunFolder(...models))
  return publish(store, candidates, { force, now: () => new Date(Date.UTC(2026, 0, day)) })
}

const hashes = async (store: ObjectStore) =>
  (await readServed(store))?.manifest.models.map(({ name, sha256 }) => `${name} ${sha256.slice(0, 8)}`)

const KINDS: [string, boolean, () => Promise<ObjectStore>][] = [
  ['the simulated R2', true, () => openLocalStore('models', mkdtempSync(path.join(tmpdir(), 'r2-')))],
  ['an S3 server', hasS3Server, () => openTestS3()],
]

describe.each(KINDS.filter(([, isThere]) => isThere))('in %s,', (_, __, open) => {
  let store: ObjectStore
  beforeAll(async () => {
    store = await open()
    return () => store.close()
  })

  test('a put writes nothing if its condition does not hold', async () => {
    const bytes = new Uint8Array([1, 2, 3])
    expect(await store.get('object')).toBeUndefined()
    expect(await store.put('object', bytes, { match: '"0"' })).toBe(false)
    expect(await store.put('object', bytes, 'absent')).toBe(true)
    expect(await store.put('object', bytes, 'absent')).toBe(false)
    const first = await store.get('object')
    expect(first!.bytes).toEqual(bytes)
    expect(await store.put('object', new Uint8Array([4]), { match: first!.etag })).toBe(true)
    expect(await store.put('object', bytes, { match: first!.etag })).toBe(false)
    expect((await store.get('object'))!.bytes).toEqual(new Uint8Array([4]))
  })

  test('model files are stored under their digest, and each rollback restores the weights served before', async () => {
    await expect(rollBack(store, { force: false })).rejects.toThrow('nothing was served')
    await ship(store, [{ lift: 0.1, psnr: 31 }], false, 1)
    const first = await hashes(store)
    const [{ file, sha256, date }] = (await readServed(store))!.manifest.models
    expect(file).toBe(`fast-x2.${sha256.slice(0, 16)}.onnx`)
    expect(date).toBe('2026-01-01T00:00:00.000Z')
    const stored = (await store.get(file))!.bytes
    expect(createHash('sha256').update(stored).digest('hex')).toBe(sha256)

    await ship(
      store,
      [
        { lift: 0.2, psnr: 32 },
        { name: 'faces', lift: 0.5 },
      ],
      false,
      2,
    )
    const second = await hashes(store)
    expect(second).toHaveLength(2)
    await ship(store, [{ lift: 0.3, psnr: 33 }], false, 3)
    expect(await hashes(store)).not.toEqual(second)
    await rollBack(store, { force: false })
    expect(await hashes(store)).toEqual(second)
    await rollBack(store, { force: false })
    expect(await hashes(store)).toEqual(first)
    await expect(rollBack(store, { force: false })).rejects.toThrow('nothing was served')

    // After a rollback, an upload replaces the restored weights. So the next rollback restores these again.
    await ship(store, [{ lift: 0.4, psnr: 34 }], false, 4)
    await rollBack(store, { force: false })
    expect(await hashes(store)).toEqual(first)
  })

  test('uploading the same weights again changes nothing', async () => {
    const before = await store.get('manifest.json')
    const { changed } = await ship(store, [{ lift: 0.1, psnr: 31 }], false, 9)
    expect(changed).toBe(false)
    expect(await store.get('manifest.json')).toEqual(before)
  })

  test('weights that score worse than the current ones are refused before anything is written, unless --force is given', async () => {
    const before = await store.get('manifest.json')
    const worse = ship(store, [{ lift: 0.6, psnr: 30.5 }])
    await expect(worse).rejects.toThrow(
      'refused without --force: fast x2 loses to the current weights, 30.500 dB against 31.000',
    )
    const bad = ship(store, [{ name: 'bad', lift: 0.7, psnr: 29 }])
    await expect(bad).rejects.toThrow('bad x2 loses to bicubic, 29.000 dB against 30.000')
    expect(await store.get('manifest.json')).toEqual(before)
    const { notes } = await ship(store, [{ lift: 0.6, psnr: 30.5 }], true)
    expect(notes).toEqual(['fast x2 loses to the current weights, 30.500 dB against 31.000'])
  })

  test('a network on RGB is refused before anything is written', async () => {
    const before = await store.get('manifest.json')
    const colour = ship(store, [{ name: 'colour', lift: 0.1, channels: 3, psnr: 31 }], true)
    await expect(colour).rejects.toThrow('expected a network on luma, the only kind that the worker serves')
    expect(await store.get('manifest.json')).toEqual(before)
  })

  test('a network that enlarges by a factor other than its scale is refused', async () => {
    const network = createNetwork(subPixelArchitecture(3, 4, 1))
    const other = ship(store, [{ name: 'fast', lift: 0, network, psnr: 31 }], true)
    await expect(other).rejects.toThrow('fast-x2.onnx does not hold a network that the worker can run at x2')
  })

  test('an upload that fails before the manifest is written leaves the old weights intact, and can be repeated', async () => {
    const before = await hashes(store)
    const dying: ObjectStore = {
      ...store,
      put: (key, ...rest) => (key === 'manifest.json' ? Promise.reject(new Error('gone')) : store.put(key, ...rest)),
    }
    await expect(ship(dying, [{ lift: 0.8, psnr: 35 }])).rejects.toThrow('gone')
    expect(await hashes(store)).toEqual(before)
    expect(await brokenFiles(store, (await readServed(store))!.manifest)).toEqual([])
    expect((await ship(store, [{ lift: 0.8, psnr: 35 }])).changed).toBe(true)
  })

  test('if someone else uploads weights while we upload, theirs are kept, and ours are refused if they are worse', async () => {
    const behind = (models: readonly RunModel[]): ObjectStore => {
      let isFirst = true
      return {
        ...store,
        async put(key, ...rest) {
          if (key === 'manifest.json' && isFirst) {
            isFirst = false
            await ship(store, models)
          }
          return store.put(key, ...rest)
        },
      }
    }
    await ship(behind([{ name: 'theirs', lift: 0.1, psnr: 31 }]), [{ name: 'ours', lift: 0.1, psnr: 31 }])
    const names = (await hashes(store))!.map((line) => line.split(' ')[0])
    expect(names).toEqual(expect.arrayContaining(['theirs', 'ours', 'fast']))
    const worse = ship(behind([{ lift: 0.9, psnr: 37 }]), [{ lift: 0.95, psnr: 36 }])
    await expect(worse).rejects.toThrow('36.000 dB against 37.000')
  })

  test('no upload is lost when several run at once', async () => {
    const names = ['a', 'b', 'c', 'd']
    await Promise.all(names.map((name) => ship(store, [{ name, lift: 0.2, psnr: 31 }])))
    const served = (await hashes(store))!.map((line) => line.split(' ')[0])
    expect(served).toEqual(expect.arrayContaining(names))
  })

  test('a rollback is refused if a file of the earlier manifest was altered', async () => {
    await ship(store, [{ lift: 0.97, psnr: 38 }])
    const previous = await readPrevious(store, (await readServed(store))!)
    const { file } = previous!.manifest.models.find(({ name }) => name === 'fast')!
    await store.put(file, new Uint8Array([0]))
    await expect(rollBack(store, { force: false })).rejects.toThrow(`${file} was altered`)
  })
})

describe.skipIf(!hasS3Server)('an S3 server', () => {
  test('that ignores conditions is refused, unless --force is given', async () => {
    const proxy = await startProxy(server.url, ['if-match', 'if-none-match'])
    const store = await openTestS3(proxy.url)
    const models = [{ lift: 0.1, psnr: 31 }]
    await expect(ship(store, models)).rejects.toThrow('ignores If-Match or If-None-Match')
    expect(await readServed(store)).toBeUndefined()
    const { changed, notes } = await ship(store, models, true)
    expect(changed).toBe(true)
    expect(notes).toEqual([expect.stringContaining('has no conditional writes')])
    proxy.close()
  })

  test('that answers with a server error is asked again, and the message names a request that fails every time', async () => {
    let requests = 0
    const flaky = await startProxy(server.url, [], () => (requests++ % 2 === 0 ? 503 : undefined))
    expect((await ship(await openTestS3(flaky.url), [{ lift: 0.1 }])).changed).toBe(true)
    flaky.close()
    const broken = await startProxy(server.url, [], () => 500)
    await expect((await openTestS3(broken.url)).get('x')).rejects.toThrow(/GET .*\/x was answered with 500/)
    broken.close()
  })

  test('that rejects the credentials causes an error that names the variables to check', async () => {
    const known = await openTestS3()
    const wrong = await openTestS3(server.url, { ...server.credentials, secretAccessKey: 'wrong' })
    await server.setChecking(true)
    try {
      expect((await ship(known, [{ lift: 0.1 }])).changed).toBe(true)
      await expect(wrong.get('manifest.json')).rejects.toThrow(/403 SignatureDoesNotMatch.*AWS_SECRET_ACCESS_KEY/)
    } finally {
      await server.setChecking(false)
    }
  })

  test('that lacks the bucket causes an error instead of an empty result', async () => {
    const settings = {
      endpoint: server.url,
      bucket: 'nowhere',
      region: 'auto',
      ...server.credentials,
    }
    const store = await openS3Store(settings, HASTE)
    await expect(store.get('manifest.json')).rejects.toThrow(/404 NoSuchBucket.*create the bucket/)
  })
})

test('an endpoint that refuses connections causes an error that names the endpoint', async () => {
  const settings = {
    endpoint: 'http://127.0.0.1:9',
    bucket: 'b',
    region: 'auto',
    accessKeyId: 'a',
    secretAccessKey: 's',
  }
  const store = await openS3Store(settings, HASTE)
  await expect(store.get('manifest.json')).rejects.toThrow(
    /GET http:\/\/127\.0\.0\.1:9\/b\/manifest\.json got no response: /,
  )
})

test.each([
  [{}, 'expected AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL_S3 in the environment'],
  [{ AWS_ACCESS_KEY_ID: 'a', AWS_ENDPOINT_URL_S3: 'http://h' }, 'expected AWS_SECRET_ACCESS_KEY in'],
  [
    { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's', AWS_ENDPOINT_URL_S3: 'account' },
    'to be like https://ACCOUNT.r2.cloudflarestorage.com, got "account"',
  ],
])('the environment %o is refused: %s', (env, message) => {
  expect(() => s3Settings('b', env)).toThrow(message)
})
