import { fileURLToPath } from 'node:url'
import { exitStatus } from '../../base/failure.ts'
import { loadPlugin } from '../../plugin/load.ts'
import { defineCommand } from '../command.ts'
import { columns } from '../text.ts'

const pluginFolder = fileURLToPath(new URL('../../../plugins', import.meta.url))

/** `xenoscope plugins`: those that come along. */
export const plugins = defineCommand({
  name: 'plugins',
  about: 'list the plugins that come with xenoscope',
  arguments: [],
  options: { json: { kind: 'flag', about: 'print them as one JSON document', since: '0.1' } },
  more: 'A plugin is chosen by `--plugin NAME[:option=value,…]`; NAME may also be a path or an installed package.',
  async run({ host, files }, _given, { json }) {
    const found: { name: string; about: string; api: number }[] = []
    for (const folder of files.folders(pluginFolder).toSorted()) {
      const { plugin } = await loadPlugin({ name: folder, options: {} }, { folder: import.meta.url })
      found.push({ name: plugin.name, about: plugin.about, api: plugin.api })
    }
    if (json) host.out(`${JSON.stringify(found, undefined, 2)}\n`)
    else host.out(`${columns(found.map(({ name, about }) => [name, about])).join('\n')}\n`)
    return exitStatus.finished
  },
})
