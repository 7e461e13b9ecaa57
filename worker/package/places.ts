import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')
export const PACKAGE = join(ROOT, 'dist/package')
