// Pictures whose EXIF states an orientation, in usual and in odd ways. EXIF 2.32 (CIPA DC-008) and TIFF 6.0.
import sharp from 'sharp'
import { concat } from '../../../../worker/base/concat.ts'
import { jpegSegment, latin1, riffChunk, u16be, u16le, u24le, u32be, u32le } from '../../../fuzz/encode.ts'
import { riffChunks } from '../../../../worker/codec/header/webp.ts'
import { miscounted, pngChunk, withChunks } from '../png.ts'
import type { OddFile } from './file.ts'

const [WIDTH, HEIGHT] = [24, 16]

interface Entry {
  readonly tag?: number
  readonly type?: number
  readonly count?: number
  /** The four bytes of the value, or their number. */
  readonly value?: number | Uint8Array
}

interface TiffSpec {
  readonly isLittle?: boolean
  readonly order?: string
  readonly magic?: number
  readonly entries?: readonly Entry[]
  readonly second?: readonly Entry[]
  readonly offset?: number
  readonly gap?: number
  readonly statedEntries?: number
}

const ORIENTATION = 0x0112
const SHORT = 3
const LONG = 4

function writeTiff(spec: TiffSpec): Uint8Array {
  const { isLittle = true, magic = 42, gap = 0, entries = [{}], second } = spec
  const [u16, u32] = isLittle ? [u16le, u32le] : [u16be, u32be]
  const { order = isLittle ? 'II' : 'MM', offset = 8 + gap, statedEntries = entries.length } = spec
  const directory = (list: readonly Entry[], stated: number, next: number) =>
    concat([
      u16(stated),
      ...list.map(({ tag = ORIENTATION, type = SHORT, count = 1, value = 6 }) =>
        concat([
          u16(tag),
          u16(type),
          u32(count),
          typeof value !== 'number' ? value : type === SHORT ? concat([u16(value), u16(0)]) : u32(value),
        ]),
      ),
      u32(next),
    ])
  const first = directory(entries, statedEntries, second ? offset + 2 + 12 * entries.length + 4 : 0)
  return concat([
    latin1(order),
    u16(magic),
    u32(offset),
    new Uint8Array(gap),
    first,
    second ? directory(second, second.length, 0) : new Uint8Array(0),
  ])
}

const other: Entry = { tag: 0x010f, type: 2, count: 4, value: latin1('abc\0') }

const TIFFS: Readonly<Record<string, TiffSpec>> = {
  ...Object.fromEntries(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 262, 0x0600, 65535].map((value) => [`${value}`, { entries: [{ value }] }]),
  ),
  ...Object.fromEntries(
    [3, 6, 8, 0x0600].map((value) => [`${value}, big endian`, { isLittle: false, entries: [{ value }] }]),
  ),
  'of type LONG': { entries: [{ type: LONG }] },
  'of type LONG, big endian': { isLittle: false, entries: [{ type: LONG }] },
  'of type LONG with high bits': { entries: [{ type: LONG, value: 0x10006 }] },
  'of type BYTE': { entries: [{ type: 1 }] },
  'of type BYTE, big endian': { isLittle: false, entries: [{ type: 1, value: Uint8Array.of(6, 0, 0, 0) }] },
  'of type SSHORT': { entries: [{ type: 8 }] },
  'of type SLONG': { entries: [{ type: 9 }] },
  'of type UNDEFINED': { entries: [{ type: 7 }] },
  'of type ASCII': { entries: [{ type: 2, value: latin1('6\0\0\0') }] },
  'of type RATIONAL': { entries: [{ type: 5 }] },
  'of type 0': { entries: [{ type: 0 }] },
  'of count 0': { entries: [{ count: 0 }] },
  'of count 2': { entries: [{ count: 2 }] },
  'of count 99': { entries: [{ count: 99 }] },
  'with junk beside the value': { entries: [{ value: Uint8Array.of(6, 0, 9, 9) }] },
  'behind another tag': { entries: [other, {}] },
  'before another tag': { entries: [{}, other] },
  'behind a larger tag': { entries: [{ tag: 0x8769, type: LONG, value: 8 }, {}] },
  twice: { entries: [{ value: 3 }, { value: 6 }] },
  'twice, first out of range': { entries: [{ value: 99 }, { value: 6 }] },
  'twice, first of a wrong type': { entries: [{ type: 2, value: 3 }, { value: 6 }] },
  'only in the second directory': { entries: [other], second: [{}] },
  'in both directories': { entries: [{ value: 3 }], second: [{ value: 6 }] },
  'in an unknown tag': { entries: [{ tag: 0x0113 }] },
  'in no entry': { entries: [] },
  'of more entries than are there': { statedEntries: 50 },
  'of fewer entries than are there': { entries: [other, {}], statedEntries: 1 },
  'behind a gap': { gap: 20 },
  'behind an odd gap': { gap: 21 },
  'in a directory at 0': { offset: 0 },
  'in a directory beyond the end': { offset: 0xfffffff0 },
  'behind a wrong magic number': { magic: 43 },
  'behind no magic number': { magic: 0 },
  'behind a wrong byte order': { order: 'IM' },
  'behind an unknown byte order': { order: 'AB' },
  'behind a byte order in small letters': { order: 'ii' },
}

const data = Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
  const [x, y] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)]
  return [10 * x, 15 * y, 90][i % 3]
})
const picture = () => sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
const jpeg = new Uint8Array(await picture().jpeg({ quality: 95 }).toBuffer())
const progressive = new Uint8Array(await picture().jpeg({ quality: 95, progressive: true }).toBuffer())
const png = new Uint8Array(await picture().png().toBuffer())
const webp = new Uint8Array(await picture().webp({ lossless: true }).toBuffer())

const PREFIX = latin1('Exif\0\0')
const app1 = (content: Uint8Array, marker = 0xe1) => jpegSegment(marker, content)
const exif = (tiff: Uint8Array, prefix = PREFIX) => app1(concat([prefix, tiff]))
/** Inserts segments before the first marker of this code. */
function inJpeg(file: Uint8Array, before: number, ...segments: Uint8Array[]): Uint8Array {
  let at = 2
  while (file[at + 1] !== before) {
    if (!(at < file.length)) throw new Error(`no marker ${before}`)
    at += 2 + (file[at + 2] << 8) + file[at + 3]
  }
  return concat([file.subarray(0, at), ...segments, file.subarray(at)])
}
const [DQT, SOF0, SOF2, SOS, DHT, EOI] = [0xdb, 0xc0, 0xc2, 0xda, 0xc4, 0xd9]
const jfif = app1(latin1('JFIF\0\x01\x01\0\0\x01\0\x01\0\0'), 0xe0)
const withoutEnd = (file: Uint8Array) => file.subarray(0, -2)
const end = Uint8Array.of(0xff, EOI)

function inWebp(tiff: Uint8Array, flags: number, isFirst = false): Uint8Array {
  const still = [...riffChunks(webp, 12)][0].whole
  const size = concat([u24le(WIDTH - 1), u24le(HEIGHT - 1)])
  const meta = riffChunk('EXIF', tiff)
  const extended = riffChunk('VP8X', concat([u32le(flags), size]))
  return riffChunk('RIFF', concat([latin1('WEBP'), extended, ...(isFirst ? [meta, still] : [still, meta])]))
}

const six = writeTiff({})
const three = writeTiff({ entries: [{ value: 3 }] })
const inPng = (before: string, ...chunks: Uint8Array[]) => withChunks(png, before, chunks)
const eXIf = (tiff: Uint8Array) => pngChunk('eXIf', tiff)
const text = pngChunk('tEXt', latin1('Comment\0text'))

/** Big enough to move what follows beyond the first look at a file (request/pipeline.ts). */
const padding = (bytes: number) => app1(new Uint8Array(bytes), 0xe4)
const ABC = concat([padding(60_000), padding(60_000)])

const JPEGS: Readonly<Record<string, Uint8Array>> = {
  'in front': inJpeg(jpeg, DQT, exif(six), jfif),
  'behind APP0': inJpeg(jpeg, DQT, jfif, exif(six)),
  'behind the frame header': inJpeg(jpeg, DHT, exif(six)),
  'before SOS': inJpeg(jpeg, SOS, exif(six)),
  'before the frame header': inJpeg(jpeg, SOF0, exif(six)),
  'behind the first scan': concat([withoutEnd(jpeg), exif(six), end]),
  'behind the end': concat([jpeg, exif(six), end]),
  'before the second scan of a progressive file': inJpeg(progressive, SOS, exif(six)),
  'in a progressive file, before the frame header': inJpeg(progressive, SOF2, exif(six)),
  'behind 120 kB': inJpeg(jpeg, DQT, ABC, exif(six)),
  'twice, alike': inJpeg(jpeg, DQT, exif(six), exif(six)),
  'twice, first 3, then 6': inJpeg(jpeg, DQT, exif(three), exif(six)),
  'twice, first 1, then 6': inJpeg(jpeg, DQT, exif(writeTiff({ entries: [{ value: 1 }] })), exif(six)),
  'twice, first invalid, then 6': inJpeg(jpeg, DQT, exif(writeTiff({ entries: [{ value: 99 }] })), exif(six)),
  'twice, first without the tag, then 6': inJpeg(jpeg, DQT, exif(writeTiff({ entries: [other] })), exif(six)),
  'twice, first without a directory, then 6': inJpeg(jpeg, DQT, exif(new Uint8Array(4)), exif(six)),
  'twice, first empty, then 6': inJpeg(jpeg, DQT, app1(PREFIX), exif(six)),
  'twice, first of a wrong byte order, then 6': inJpeg(jpeg, DQT, exif(writeTiff({ order: 'AB' })), exif(six)),
  'behind XMP': inJpeg(jpeg, DQT, app1(latin1('http://ns.adobe.com/xap/1.0/\0<x/>')), exif(six)),
  'before XMP': inJpeg(jpeg, DQT, exif(six), app1(latin1('http://ns.adobe.com/xap/1.0/\0<x/>'))),
  'only in XMP': inJpeg(
    jpeg,
    DQT,
    app1(
      latin1(
        'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>',
      ),
    ),
  ),
  'in APP2': inJpeg(jpeg, DQT, app1(concat([PREFIX, six]), 0xe2)),
  'in APP0': inJpeg(jpeg, DQT, app1(concat([PREFIX, six]), 0xe0)),
  'with the prefix Exif 00 FF': inJpeg(jpeg, DQT, exif(six, latin1('Exif\0\xff'))),
  'with the prefix Exif 00 01': inJpeg(jpeg, DQT, exif(six, latin1('Exif\0\x01'))),
  'with the prefix Exif 01 00': inJpeg(jpeg, DQT, exif(six, latin1('Exif\x01\0'))),
  'with the prefix Exif of five bytes': inJpeg(jpeg, DQT, exif(six, latin1('Exif\0'))),
  'with the prefix EXIF': inJpeg(jpeg, DQT, exif(six, latin1('EXIF\0\0'))),
  'with the prefix exif': inJpeg(jpeg, DQT, exif(six, latin1('exif\0\0'))),
  'without a prefix': inJpeg(jpeg, DQT, exif(six, new Uint8Array(0))),
  'without the value’s last bytes': inJpeg(jpeg, DQT, exif(six.subarray(0, 20))),
  'without the next directory': inJpeg(jpeg, DQT, exif(six.subarray(0, 22))),
}
const PNGS: Readonly<Record<string, Uint8Array>> = {
  'before the pixels': inPng('IDAT', eXIf(six)),
  'behind the pixels': inPng('IEND', eXIf(six)),
  'twice, alike': inPng('IDAT', eXIf(six), eXIf(six)),
  'twice, first 3, then 6': inPng('IDAT', eXIf(three), eXIf(six)),
  'twice, first invalid, then 6': inPng('IDAT', eXIf(new Uint8Array(4)), eXIf(six)),
  'before and behind the pixels': withChunks(inPng('IEND', eXIf(six)), 'IDAT', [eXIf(three)]),
  'with a wrong checksum': inPng('IDAT', miscounted(eXIf(six))),
  'with a wrong checksum, then a right one': inPng('IDAT', miscounted(eXIf(three)), eXIf(six)),
  'with the prefix of a JPEG': inPng('IDAT', eXIf(concat([PREFIX, six]))),
  'behind a text': inPng('IDAT', text, eXIf(six)),
  'behind 120 kB': inPng(
    'IDAT',
    pngChunk('tEXt', concat([latin1('Comment\0'), new Uint8Array(120_000).fill(65)])),
    eXIf(six),
  ),
  'in zxIf': inPng('IDAT', pngChunk('zxIf', six)),
  'in an old text': inPng(
    'IDAT',
    pngChunk(
      'tEXt',
      latin1(
        `Raw profile type exif\0\nexif\n${PREFIX.length + six.length}\n${Buffer.from(concat([PREFIX, six])).toString('hex')}\n`,
      ),
    ),
  ),
  'in XMP': inPng(
    'IDAT',
    pngChunk(
      'iTXt',
      latin1(
        'XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>',
      ),
    ),
  ),
}
const WEBPS: Readonly<Record<string, Uint8Array>> = {
  'with the flag': inWebp(six, 8),
  'without the flag': inWebp(six, 0),
  'with a prefix': inWebp(concat([PREFIX, six]), 8),
  'before the picture': inWebp(six, 8, true),
}

const named = (format: string, files: Readonly<Record<string, Uint8Array>>): OddFile[] =>
  Object.entries(files).map(([name, bytes]) => ({ name: `${format} with an orientation ${name}`, bytes }))

const eachTiff = (make: (tiff: Uint8Array) => Uint8Array) =>
  Object.fromEntries(Object.entries(TIFFS).map(([name, spec]) => [name, make(writeTiff(spec))]))

export const TURNED: readonly OddFile[] = [
  ...named('JPEG', { ...eachTiff((tiff) => inJpeg(jpeg, DQT, exif(tiff))), ...JPEGS }),
  ...named('PNG', { ...eachTiff((tiff) => inPng('IDAT', eXIf(tiff))), ...PNGS }),
  ...named('WebP', { ...eachTiff((tiff) => inWebp(tiff, 8)), ...WEBPS }),
]
