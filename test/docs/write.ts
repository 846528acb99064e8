/** `npm run docs`: writes what is computed into the README. */
import { writeFileSync } from 'node:fs'
import { readme, readReadme, renewed } from './tables.ts'

writeFileSync(readme, await renewed(readReadme()))
