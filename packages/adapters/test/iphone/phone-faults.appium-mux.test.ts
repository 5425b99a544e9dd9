import { appiumMux } from '../../src/iphone/index.js'
import { describeFaults } from './phone-faults.js'

describeFaults('appiumMux', (address) => appiumMux({ address }))
