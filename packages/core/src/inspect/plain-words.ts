/**
 * Ordinary words of error messages and of status values. What is redacted lets these through and nothing else, so that a message
 * keeps its meaning and loses its names, paths and numbers. No word that is also a name of people belongs here.
 */
const ordinary = `
  a able about above accepts access activity actor adapter add added adopted afresh after again all allow allowed allows
  already also although always an and anomalies another answer answered answers any anybody app apps are arrays as aside ask
  asked asks at attachment attachments attempt attempts automatic automatically away
  back backs backup backups bad batch be because been before began begin beginning begins being belongs below beside better
  between booleans both breaks bring broken bug build built busy but by bytes
  call called calls can cancel cancelled cannot carried carries carry changed changes chat chats check checked checkpoints
  choose cleanup close closed code column comes compensate compensating complete completely compressed computer connect
  connected connection constraint contact contacts contain contains content continue contradicts copied copy corrupt could
  count created cursor cut
  damaged dashes data database date db dead decrypt decrypted definition delete deleted denied destination device devices did
  differ different differs digits directory discard discarded disconnected disk do does done down drive driven driver drives
  driving duplicate during
  each earlier edits either electron else empty encrypted encryption end ended ends engine entries entry environment error
  even ever every everything exceeded exist exists expected expired extract
  fact fail failed failing fails failure false far fault few file files finder finish finished finite first folder follow
  follows for foreign forgotten format forward found free from full further
  gave get give given gives go goes gone got
  had hand handle has have healthy held help here hint history hold holder holdfast holds host how however
  id if import imported importing imports in incomplete incompletely injected input inputs inside install installed instead
  intact interrupted into invalid io iphone is it item items its itself
  join journal journaled json just
  keep keeps kept key keys kilobytes kind know known knows
  lacks large larger last later layout least leave left length less letter letters library lies limit limited line link links
  list listed lists live load local lock locked locking long longer look lost
  mac made make makes making managed manifest match mbdb mean meaning meanwhile megabytes memory message messages missing
  misspelling mistake more most move moved ms much must
  name named names necessary need needed needs network never new newer next no nobody node none nor not nothing now npm null
  number numbers
  object objects of off offline offloaded often old older on once one only open opened opener operation option options or
  order organisation other others out outcome output outputs outside over own owner
  parent parked part pass passcode password past path perhaps permission phone picked pivot place plain please plist plug
  point policy port possible present privacy private problem process program programs progress property prove provided
  published
  quota
  ran range reach reached read readable reader reading reads ready real reason rebuild receipt receipts record records
  recover redact refused refuses release released remaining remove removed removing rename renamed replaced request required
  reset resource resources restart restore rests resumed retried retries retry retryable right room roomier row rows rule run
  runner running runs runtime
  saga sagas same save saved say says scratch script seal second seconds see seed seen sent server service session set
  settings several shorter should show showed shown shut signal since size skip skipped small smaller snapshot so some
  somebody something somewhere source space speaks staged stall start started starts state statement stays step steps still
  stop stopped stopping storage store stored stores storing strings stuck such supported sure suspended switched synchronises
  syntax system
  table tables take taken takes tapped than that the their them then there these they this those thread through thrown time
  timed timeout timer times to together too took touched transaction tried tries true truncated trust try trying turned two
  type
  udid unable undecodable undefined under undo undone unexpected unfinished unique unknown unlock unlocked unplugged
  unreadable unsafe unsupported until unusable up update upon use used user uses using
  valid value values variable verified verify version versions very voicemail voicemails volume
  wait waited waiting waits want wants was way went were what whatsapp when where whether which while who whole whose why
  with within without word words work working works would write writes writing written wrong wrote
  yes yet you your
`

/** Codes of Node's and SQLite's errors that tell what the system refused. */
const systemCodes = `
  EACCES EAGAIN EBADF EBUSY ECONNREFUSED ECONNRESET EDQUOT EEXIST EFBIG EINTR EINVAL EIO EISDIR ELOOP EMFILE ENAMETOOLONG ENFILE
  ENODEV ENOENT ENOMEM ENOSPC ENOTDIR ENOTEMPTY ENOTFOUND ENXIO EPERM EPIPE EROFS ETIMEDOUT ETXTBSY EXDEV
  SQLITE_BUSY SQLITE_CANTOPEN SQLITE_CONSTRAINT SQLITE_CORRUPT SQLITE_ERROR SQLITE_FULL SQLITE_INTERRUPT SQLITE_IOERR SQLITE_LOCKED
  SQLITE_MISUSE SQLITE_NOTADB SQLITE_READONLY SQLITE_SCHEMA SQLITE_TOOBIG
`

/** Programs, systems and formats, as they are written. */
const products =
  'Electron Finder Holdfast JSON Linux Mac Node SQLite UTC Windows XState iPhone iPhones iTunes macOS usbmuxd'

const known = new Set(`${ordinary} ${systemCodes} ${products}`.split(/\s+/).filter((word) => word !== ''))

/** Whether text is such a word, written just so, or several of them with dashes between: `not-in-backup`. */
export function isPlainWord(text: string): boolean {
  return known.has(text) || (text.includes('-') && text.split('-').every((part) => known.has(part)))
}
