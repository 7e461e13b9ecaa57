// What the samples of a PNG without a colour profile mean, as its chunks cICP, sRGB, gAMA and cHRM say, and as Chromium
// applies them. https://www.w3.org/TR/png-3/#11Colour-space-information; ITU-T H.273 for the numbers in cICP.

/** How encoded samples become light: a curve, and the colours of full red, green and blue. */
export interface ColorCoding {
  /** Parameters of ICC's parametricCurveType: an exponent, or five numbers for a curve with a linear part. */
  readonly curve: readonly number[]
  /** XYZ of red, green and blue relative to D50, the white of colour profiles. */
  readonly colorants: Colorants
}

export type Xyz = readonly [x: number, y: number, z: number]
export type Colorants = readonly [red: Xyz, green: Xyz, blue: Xyz]

/** The x and y of white, red, green and blue, as in cHRM. */
export type Chromaticities = readonly number[]

/** The contents of a PNG's chunks; undefined if a chunk is missing or invalid. */
export interface ColorChunks {
  cicp: Uint8Array | undefined
  isSrgb: boolean
  /** The exponent that encodes light, 1 / 2.2 in most files. */
  gamma: number | undefined
  chromaticities: Chromaticities | undefined
}

const D65 = [0.3127, 0.329]
const SRGB: Chromaticities = [...D65, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06]

/** Colour primaries of H.273 that browsers agree about. */
const PRIMARIES = new Map<number, Chromaticities>([
  [1, SRGB],
  [5, [...D65, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06]], // PAL
  [6, [...D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07]], // NTSC
  [9, [...D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046]], // BT.2020
  [11, [0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06]], // DCI-P3
  [12, [...D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06]], // Display P3
])

const SRGB_TRANSFER = 13
/** Transfer characteristics of H.273 that browsers agree about. */
const CURVES = new Map([
  [4, [2.2]],
  [5, [2.8]],
  [8, [1]],
  [SRGB_TRANSFER, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]],
])
/** Values that H.273 reserves, or that leave the coding open. Browsers ignore a cICP that has one of them. */
const OPEN = [0, 2, 3]

/** The white of colour profiles (ICC.1:2022, 7.2.16). */
export const D50: Xyz = [0.9642, 1, 0.8249]

/** Bradford's matrix, from XYZ to the responses of three kinds of cones. */
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
]

/** No colorant of a real coding is far above white. */
const MAX_COLORANT = 100

/** Red, green and blue of sRGB. */
export const SRGB_COLORANTS = colorantsOf(SRGB) as Colorants

/**
 * Returns how the samples are coded; undefined if that is sRGB, or if nothing usable says how. Returns 'FORMAT' for a
 * coding that no profile here describes: of high dynamic range, of video, or one that browsers disagree about.
 */
export function codingOf({ cicp, isSrgb, gamma, chromaticities }: ColorChunks): ColorCoding | 'FORMAT' | undefined {
  if (cicp && isApplied(cicp)) return codingOfCicp(cicp)
  // Without gAMA, browsers ignore cHRM.
  if (isSrgb || !gamma || (!chromaticities && isNeutral(gamma))) return undefined
  const colorants = colorantsOf(chromaticities ?? SRGB)
  return typeof colorants === 'object' ? { curve: [1 / gamma], colorants } : colorants
}

/** True if cICP decides, whatever the other chunks say. */
export function isApplied([primaries, transfer]: Uint8Array): boolean {
  return !OPEN.includes(primaries) && !OPEN.includes(transfer)
}

function codingOfCicp([primaries, transfer, matrix, isFullRange]: Uint8Array): ColorCoding | 'FORMAT' | undefined {
  const chromaticities = PRIMARIES.get(primaries)
  const curve = CURVES.get(transfer)
  if (!chromaticities || !curve || matrix !== 0 || isFullRange !== 1) return 'FORMAT'
  if (chromaticities === SRGB && transfer === SRGB_TRANSFER) return undefined
  return { curve, colorants: colorantsOf(chromaticities) as Colorants }
}

/** True if libpng and Chromium take this gamma for sRGB's. */
function isNeutral(gamma: number): boolean {
  return Math.abs(2.2 * gamma - 1) < 0.05
}

/**
 * Returns the colours of full red, green and blue, adapted to D50. Returns undefined for chromaticities that browsers
 * ignore, and 'FORMAT' for others that no light has: browsers show them in different ways.
 */
function colorantsOf(chromaticities: Chromaticities): Colorants | 'FORMAT' | undefined {
  if (chromaticities.some((value) => value > 1) || chromaticities.every((value) => value === 0)) return undefined
  const [white, red, green, blue] = [0, 2, 4, 6].map((i) => xyzOf(chromaticities[i], chromaticities[i + 1]))
  const inverse = inverseOf(transposed([red, green, blue]))
  if (!inverse || white[1] === 0) return 'FORMAT'
  const source = white.map((value) => value / white[1])
  // Full red, green and blue together are white.
  const amounts = times(inverse, source)
  const [from, to] = [times(BRADFORD, source), times(BRADFORD, D50)]
  const adapted = (color: readonly number[]) => {
    const cones = times(BRADFORD, color).map((value, i) => (value * to[i]) / from[i])
    return times(inverseOf(BRADFORD)!, cones)
  }
  const colorants = [red, green, blue].map((color, i) => adapted(color.map((value) => value * amounts[i])))
  const isPossible = colorants.flat().every((value) => Math.abs(value) < MAX_COLORANT)
  return isPossible ? (colorants as unknown as Colorants) : 'FORMAT'
}

function xyzOf(x: number, y: number): readonly number[] {
  return [x, y, 1 - x - y]
}

/** Rows of numbers. */
type Matrix = readonly (readonly number[])[]

function times(matrix: Matrix, vector: readonly number[]): number[] {
  return matrix.map((row) => row.reduce((sum, value, i) => sum + value * vector[i], 0))
}

function transposed(matrix: Matrix): Matrix {
  return matrix[0].map((_, i) => matrix.map((row) => row[i]))
}

/** Returns undefined for chromaticities on one line, which no light makes white. */
function inverseOf([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix | undefined {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  if (Math.abs(determinant) < 1e-9) return undefined
  const adjugate = [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ]
  return adjugate.map((row) => row.map((value) => value / determinant))
}
