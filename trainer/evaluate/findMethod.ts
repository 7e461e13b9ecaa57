// Finds the methods that --method names.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Engine } from '../../worker/engine/engine.ts'
import type { Model } from '../../worker/engine/upscale.ts'
import { channelsOf, type Network, requireScale } from '../../worker/model/network.ts'
import { decodeNetwork } from '../../worker/model/networkFile.ts'
import { ModelError } from '../../worker/model/onnx.ts'
import { hintOf, UsageError } from '../../worker/terminal/arguments.ts'
import type { Dictionary } from '../baseline/enlargeSparse.ts'
import { createInference, createOrtInference, type OnnxRuntime } from '../engine/onnxRuntime.ts'
import { readManifest } from '../run/export.ts'
import { foreignMethod } from './foreignMethod.ts'
import { kernelMethod, type Method, networkMethod, servedMethod, sparseMethod } from './method.ts'
import type { PublishedMethod } from './published.ts'

/** A method with its name from --method. */
export interface NamedMethod extends Method {
  readonly name: string
  readonly scales: readonly number[]
  /** The published method of the same design, if any. */
  readonly counterpart?: PublishedMethod
}

export interface MethodSources {
  readonly scales: readonly number[]
  /** True if --scale was given. Then each model must have all of `scales`. */
  readonly areScalesGiven: boolean
  /** Folder of the manifest. */
  readonly models: string
  readonly runtime: OnnxRuntime
  /** Loads the dictionary of the method `sparse`. */
  readonly loadDictionary: (scale: number) => Promise<Dictionary>
}

/** Suffix of a model's name that selects ONNX Runtime instead of the worker's own kernel. */
export const ON_ORT = '@ort'

export const BUILT_IN = ['nearest', 'bicubic', 'lanczos', 'sparse'] as const

/** Returns the method called `name`. Throws a UsageError if there is none, or if a model lacks a scale of --scale. */
export async function findMethod(name: string, sources: MethodSources): Promise<NamedMethod> {
  const { scales } = sources
  if (name === 'nearest' || name === 'lanczos') return { name, scales, ...kernelMethod(name) }
  if (name === 'bicubic') return { name, scales, counterpart: 'Bicubic', ...servedMethod() }
  if (name === 'sparse') {
    const dictionaries = new Map<number, Dictionary>()
    for (const scale of scales) dictionaries.set(scale, await sources.loadDictionary(scale))
    return { name, scales, counterpart: 'A+', ...sparseMethod(dictionaries) }
  }
  const model = name.endsWith(ON_ORT) ? name.slice(0, -ON_ORT.length) : name
  const engine = model === name ? await createInference(sources.runtime) : createOrtInference(sources.runtime)
  const method = await (model.endsWith('.onnx') ? methodOfFile : methodOfManifest)(model, sources, engine)
  return { ...method, name }
}

async function methodOfFile(file: string, { scales, runtime }: MethodSources, engine: Engine): Promise<NamedMethod> {
  if (scales.length > 1) throw new UsageError(`expected --scale to name the one scale of ${file}`)
  const [scale] = scales
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new UsageError(`expected a file that can be read, got "${file}"`, { cause })
  })
  let network: Network
  try {
    network = decodeNetwork(bytes)
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    const { api, executionProvider } = runtime
    return { name: file, scales, ...(await foreignMethod(file, bytes, scale, api, executionProvider)) }
  }
  return methodOfNetworks(file, new Map([[scale, network]]), engine)
}

async function methodOfManifest(name: string, sources: MethodSources, engine: Engine): Promise<NamedMethod> {
  const { scales, areScalesGiven, models: folder } = sources
  const { models } = await readManifest(folder)
  const files = new Map(models.filter((model) => model.name === name).map(({ scale, file }) => [scale, file]))
  if (files.size === 0) {
    const names = [...new Set(models.map((model) => model.name))]
    throw new UsageError(
      `expected --method to be one of ${BUILT_IN.join(', ')}, an .onnx file or a model of ${folder} ` +
        `(${names.join(', ') || 'none'}), got "${name}"${hintOf(name, [...BUILT_IN, ...names])}`,
    )
  }
  const networks = new Map<number, Network>()
  for (const scale of scales) {
    const file = files.get(scale)
    if (file !== undefined) networks.set(scale, decodeNetwork(await readFile(path.join(folder, file))))
    else if (areScalesGiven)
      throw new UsageError(
        `expected --scale to be one of ${[...files.keys()].join(', ')}, the scales of ${name} in ${folder}, got ${scale}`,
      )
  }
  return methodOfNetworks(name, networks, engine)
}

function methodOfNetworks(name: string, networks: ReadonlyMap<number, Network>, engine: Engine): NamedMethod {
  const models = new Map<number, Model>()
  for (const [scale, network] of networks) {
    const channels = channelsOf(network)
    try {
      requireScale(network, scale)
    } catch (cause) {
      throw new UsageError(`${name}: ${(cause as Error).message}`, { cause })
    }
    if (channels !== 1 && channels !== 3)
      throw new UsageError(`${name}: expected a network on luma or RGB, got one on ${channels} channels`)
    models.set(scale, { network, engine })
  }
  const counterpart = counterpartOf([...networks.values()])
  return { name, scales: [...networks.keys()], counterpart, ...networkMethod(models) }
}

/**
 * Returns the published SRCNN with the same kernels: 9-1-5 trained on T91, or 9-5-5 trained on ImageNet. Undefined for
 * other kernels or RGB.
 */
function counterpartOf([network]: readonly Network[]): PublishedMethod | undefined {
  if (channelsOf(network) !== 1) return undefined
  const kernels = network.layers.map(({ kernel }) => kernel).join('-')
  if (kernels === '9-1-5') return '9-1-5, T91'
  return kernels === '9-5-5' ? '9-5-5, ImageNet' : undefined
}
