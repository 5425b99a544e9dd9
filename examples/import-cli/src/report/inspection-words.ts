import type { BackupInspection, ListedContents } from '@holdfast/adapters/ios-backup'
import { count, counted, localTime, size } from '../terminal/format.js'
import { fields, type TableRow, table } from '../terminal/table.js'
import type { Colors } from '../terminal/terminal.js'

const mostDomains = 8

const meanings: Readonly<Record<BackupInspection['wholeness'], string>> = {
  complete: 'complete',
  unconfirmed: 'unconfirmed: nothing says that it was finished, nor that it was not',
  resumable: 'resumable: the phone goes on from here when it is backed up again',
  torn: 'torn: something of it is lost',
}

/** What a backup is and holds, for people. */
export function inspectionWords(inspection: BackupInspection, colors: Colors): readonly string[] {
  const { deviceName, productType, osVersion, udid, takenAt, wholeness, reasons, remarks } = inspection
  const { encrypted, manifest, listed, digests, path, blobs } = inspection
  const phone = [deviceName, productType, osVersion === null ? null : `iOS ${osVersion}`]
  return [
    colors.bold(path),
    ...fields([
      ['state', [meanings[wholeness], ...reasons]],
      ['phone', phone.filter((word) => word !== null).join(', ') || 'unknown'],
      ['id', udid ?? 'unknown'],
      ['made', takenAt === null ? 'unknown' : localTime(takenAt)],
      ['encrypted', encrypted ? 'yes' : 'no'],
      ['list of files', manifest ?? 'none'],
      ['files', listed === null ? `${count(blobs)} on disk; what they are is not known` : filesWords(listed)],
      ...(digests === null
        ? []
        : ([['digests', `${count(digests.checked)} checked, ${count(digests.different)} differ`]] as const)),
      ...(remarks.length === 0 ? [] : ([['remarks', remarks]] as const)),
    ]).map((line) => `  ${line}`),
    ...(listed === null ? [] : ['', ...domainLines(listed).map((line) => `  ${line}`)]),
  ]
}

function filesWords({ files, bytes, missingBlobs, missingBytes }: ListedContents): string {
  const missing = missingBlobs === 0 ? '' : `; ${count(missingBlobs)} missing, ${size(missingBytes)}`
  return `${counted(files, 'files')}, ${size(bytes)}${missing}`
}

function domainLines({ domains }: ListedContents): readonly string[] {
  const rest = domains.slice(mostDomains)
  const rows: TableRow[] = domains
    .slice(0, mostDomains)
    .map(({ domain, files, bytes }) => [domain, count(files), size(bytes)])
  if (rest.length > 0) {
    const sum = (of: 'files' | 'bytes') => rest.reduce((total, domain) => total + domain[of], 0)
    rows.push([`and ${counted(rest.length, 'others')}`, count(sum('files')), size(sum('bytes'))])
  }
  return table([['domain', 'files', 'size'], ...rows])
}
