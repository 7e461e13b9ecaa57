// The frame header of a JPEG (ITU-T T.81, B.2.2): size, components, and how their samples form blocks and MCUs.

import { SOF2 } from './markers.ts'
import { PLACES_BYTES } from './decoderLayout.ts'

/** A component, with the sampling factors: its blocks in an MCU, across and down. */
export interface FrameComponent {
  readonly id: number
  readonly across: number
  readonly down: number
  /** Id of the quantisation table. */
  readonly quantizer: number
}

export interface Frame {
  readonly width: number
  readonly height: number
  readonly isProgressive: boolean
  readonly components: readonly FrameComponent[]
}

/**
 * Reads the content of a frame segment (the bytes behind its length). Returns undefined if it is damaged. A height of 0,
 * which a DNL segment would replace, is not damage.
 */
export function parseFrame(code: number, content: Uint8Array): Frame | undefined {
  if (content.length < 6 || content.length !== 6 + 3 * content[5]) return undefined
  const isAlone = content[5] === 1
  const components = Array.from({ length: content[5] }, (_, i) => {
    const [id, factors, quantizer] = content.subarray(6 + 3 * i)
    // The factors of a component without others have no meaning: an MCU is one block.
    return { id, across: isAlone ? 1 : factors >> 4, down: isAlone ? 1 : factors & 15, quantizer }
  })
  const isAllowed = (factor: number) => factor >= 1 && factor <= 4
  const width = (content[3] << 8) | content[4]
  const areValid = components.every(({ across, down }) => isAllowed(across) && isAllowed(down))
  if (width === 0 || components.length === 0 || !areValid) return undefined
  return { width, height: (content[1] << 8) | content[2], isProgressive: code === SOF2, components }
}

/** Number of columns and rows. */
export interface Extent {
  readonly across: number
  readonly down: number
}

/** Returns the largest sampling factors. */
export function mostOf({ components }: Frame): Extent {
  return {
    across: Math.max(...components.map(({ across }) => across)),
    down: Math.max(...components.map(({ down }) => down)),
  }
}

/** Returns the number of MCUs in a scan of all components. */
export function unitsOf(frame: Frame): Extent {
  const most = mostOf(frame)
  return { across: Math.ceil(frame.width / (8 * most.across)), down: Math.ceil(frame.height / (8 * most.down)) }
}

/** Returns the size of a component in samples. */
export function samplesOf(frame: Frame, { across, down }: FrameComponent): Extent {
  const most = mostOf(frame)
  return {
    across: Math.ceil((frame.width * across) / most.across),
    down: Math.ceil((frame.height * down) / most.down),
  }
}

/** Returns the number of blocks that cover a component, which a scan of this component alone contains. */
export function ownBlocksOf(frame: Frame, component: FrameComponent): Extent {
  const samples = samplesOf(frame, component)
  return { across: Math.ceil(samples.across / 8), down: Math.ceil(samples.down / 8) }
}

/**
 * True if the decoder draws rows while it reads the first scan, which has `parts` components. Otherwise it keeps all
 * coefficients.
 */
export function isStreamed({ isProgressive, components }: Frame, parts: number): boolean {
  return !isProgressive && parts === components.length
}

/** Returns the size in bytes of the record of a block (decoderLayout.ts), of which `side` samples a side are decoded. */
export function recordBytesOf(side: number): number {
  return PLACES_BYTES + Int16Array.BYTES_PER_ELEMENT * Math.max(2, side) ** 2
}

/** Returns the size in bytes of all coefficients at full scale. */
export function coefficientBytesOf(frame: Frame): number {
  const units = unitsOf(frame)
  const blocks = frame.components.reduce((sum, { across, down }) => sum + across * down, 0)
  return units.across * units.down * blocks * recordBytesOf(8)
}
