import { join } from 'node:path'

export const REPOSITORY = join(import.meta.dirname, '../..')
export const PACKAGE = join(REPOSITORY, 'dist/package')
