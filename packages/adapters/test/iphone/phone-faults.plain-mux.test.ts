import { plainMux } from '../../src/iphone/index.js'
import { describeFaults } from './fault-list.js'

describeFaults('plainMux', (address) => plainMux({ address }))
