import { afterEach } from 'vitest'
import { type DisturbedImport, type Moments, type Sharing, setUpImport } from './one-import.js'

/** Gives the tests of a file imports to disturb, one each, which are gone when the test is done. */
export function useOneImport() {
  let place: DisturbedImport | null = null
  afterEach(async () => {
    await place?.workshop.cleanUp()
    place = null
  })
  return {
    /** Runs an import that deletes its backup in the end, disturbed at a moment. */
    async outcomeOf(sharing: Sharing, moments: Moments) {
      place = await setUpImport(sharing, moments)
      const run = await place.app.import({ path: place.backup.path, cleanup: 'delete' })
      return { run, outcome: await run.outcome() }
    },
    /** Whether its backup is where it was. */
    backupIsThere(): boolean {
      if (place === null) throw new Error('nothing was imported')
      return place.backupIsThere()
    },
  }
}
