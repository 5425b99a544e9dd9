export { type AppiumMuxOptions, appiumMux } from './mux/appium-mux.js'
export { type MuxDevice, type MuxOptions, type MuxTransport } from './mux/mux-transport.js'
export type { Identity, PairRecord } from './mux/pair-record.js'
export { type PlainMuxOptions, plainMux } from './mux/plain-mux.js'
