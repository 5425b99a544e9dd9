// Which part of Holdfast may import which. Imports run one way; check-layers.mjs enforces it.

/**
 * Which packages a package may import, by their names. Everything under examples/ is one kind.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const packageArrows = {
  '@holdfast/core': [],
  '@holdfast/adapters': ['@holdfast/core'],
  examples: ['@holdfast/adapters', '@holdfast/core'],
}

/**
 * The folders of core, lowest tier first. A folder may import those of lower tiers, and its neighbours of the same tier
 * as long as no circle of folders comes of it. Two folders stand apart: `import` uses nothing but index.ts, as a stranger
 * would, and `testing` may use everything.
 */
export const coreTiers = [
  ['errors'],
  ['json'],
  ['options', 'time'],
  ['saga'],
  ['machine'],
  ['journal', 'events', 'inspect'],
  ['runner'],
]

/**
 * The subpaths of adapters are choices that a host makes one by one: each stands alone, but for these arrows.
 * `testing` may use everything.
 * @type {Readonly<Record<string, readonly { to: string, typesOnly?: boolean, files?: readonly string[] }[]>>}
 */
export const adapterArrows = {
  sqlite: [{ to: 'attachment-files', typesOnly: true }, { to: 'process' }, { to: 'disk-space' }],
  'attachment-files': [{ to: 'disk-space' }, { to: 'file-status' }, { to: 'threads' }],
  'ios-backup': [
    { to: 'sqlite', files: ['driver.ts'] },
    { to: 'plist' },
    { to: 'decoding' },
    { to: 'process' },
    { to: 'disk-space' },
    { to: 'file-status' },
    { to: 'threads' },
  ],
  // A phone and a computer speak in property lists. What a phone made is held, let go and looked at like a backup in a folder.
  iphone: [
    { to: 'plist' },
    { to: 'disk-space' },
    { to: 'file-status' },
    {
      to: 'backup-folder',
      files: ['backup-folder.ts', 'hold.ts', 'remove-tree.ts', 'sync-folder.ts'],
    },
    {
      to: 'ios-backup',
      files: [
        'inspection/inspect-backup.ts',
        'folder/wholeness.ts',
        'folder/plist-file.ts',
        'manifest/file-id-table.ts',
      ],
    },
    { to: 'sqlite', files: ['driver.ts'] },
  ],
  // Property lists both ways, and how a decoder says what is wrong: for all that speak with Apple's files and phones.
  plist: [{ to: 'decoding' }],
  decoding: [],
  // What tells one process from another: no choice of a host, so no subpath of its own.
  process: [],
  // What every writer says of a full volume.
  'disk-space': [],
  'file-status': [],
  // How whatever works in threads of its own comes by them.
  threads: [],
  // To adopt or to delete a folder it must know what a backup looks like, and whether it is still the same one.
  'backup-folder': [
    {
      to: 'ios-backup',
      files: ['folder/backup-layout.ts', 'folder/fingerprint.ts', 'folder/stamp.ts', 'manifest/manifest.ts'],
    },
    { to: 'sqlite', files: ['driver.ts'] },
    { to: 'process' },
    { to: 'disk-space' },
  ],
  // What it does elsewhere is what the others do: it opens them as a host would.
  'import-thread': [
    { to: 'attachment-files', files: ['index.ts'] },
    { to: 'ios-backup', files: ['index.ts'] },
    { to: 'sqlite', files: ['index.ts'] },
    { to: 'threads' },
  ],
}
