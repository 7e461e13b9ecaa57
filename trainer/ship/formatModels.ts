import type { Manifest } from '../../worker/model/manifest.ts'
import { alignColumns } from '../evaluate/textTable.ts'

/** Formats one line per model: name, scale, digest, validation PSNR beside bicubic's, date, bytes. */
export function formatModels({ models }: Manifest): string {
  return alignColumns(
    models.map(({ name, scale, sha256, validation, date, bytes }) => [
      `  ${name}`,
      `x${scale}`,
      sha256.slice(0, 16),
      validation ? `${validation.psnr.toFixed(2)} dB (bicubic ${validation.bicubic.toFixed(2)})` : 'no validation',
      date?.slice(0, 10) ?? '',
      `${bytes} bytes`,
    ]),
  )
}
