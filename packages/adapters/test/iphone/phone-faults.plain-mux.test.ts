import { plainMux } from '../../src/iphone/index.js'
import { describeFaults } from './phone-faults.js'

describeFaults('plainMux', (address) => plainMux({ address }))
