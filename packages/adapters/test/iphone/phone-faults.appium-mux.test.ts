import { appiumMux } from '../../src/iphone/index.js'
import { describeFaults } from './fault-list.js'

describeFaults('appiumMux', (address) => appiumMux({ address }))
