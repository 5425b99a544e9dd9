import assert from 'node:assert/strict'
import { isHoldfastError } from '@holdfast/core'
import type { ContractCase } from '@holdfast/core/testing'
import type { MuxTransport } from '../iphone/mux/mux-transport.js'
import { Wire } from '../iphone/wire/wire.js'
import { EmulatedIphone, type EmulatedIphoneOptions } from './emulated-iphone/emulated-iphone.js'

/** Makes the transport under test for a mux at an address, in the form of `USBMUXD_SOCKET_ADDRESS`. */
export type MuxUnderTest = (address: string) => MuxTransport

/** A service that says a word as soon as somebody connects, and then says everything again. */
const echoPort = 777
const greeting = 'hello'

/** Every claim that a {@link MuxTransport} has to keep, tested with emulated phones. */
export function muxContract(make: MuxUnderTest): readonly ContractCase[] {
  const claim = (
    name: string,
    test: (mux: MuxTransport, phone: EmulatedIphone) => Promise<void>,
    options: EmulatedIphoneOptions = {},
  ): ContractCase => ({
    name,
    run: async () => {
      const phone = await EmulatedIphone.start(options)
      phone.listen(echoPort, (stream) => {
        stream.write(greeting)
        stream.pipe(stream)
      })
      try {
        await test(make(phone.address), phone)
        assert.deepEqual(phone.transcript.complaints, [])
      } finally {
        await phone.stop()
      }
    },
  })

  return [
    claim('a phone on the cable is listed by the id that it has itself', async (mux, phone) => {
      const [device, ...others] = await mux.list()
      assert.deepEqual(others, [])
      assert.equal(device?.udid, phone.udid)
      assert.equal(device?.connection, 'usb')
    }),

    claim(
      'a phone that is listed without its dash has the dash',
      async (mux, phone) => {
        assert.equal((await mux.list())[0]?.udid, phone.udid)
        assert.match(phone.udid, /^[0-9A-F]{8}-[0-9A-F]{16}$/)
      },
      { listedWithoutDash: true },
    ),

    claim(
      'a phone that is also on the network is listed once, by its cable',
      async (mux) => {
        const devices = await mux.list()
        assert.deepEqual(
          devices.map(({ connection }) => connection),
          ['usb'],
        )
      },
      { alsoOnNetwork: true },
    ),

    claim('nothing is listed when nothing is attached', async (mux, phone) => {
      phone.unplug()
      assert.deepEqual(await mux.list(), [])
    }),

    claim('a watcher gets the list at once, and again when a phone comes or goes', async (mux, phone) => {
      const leave = new AbortController()
      const seen: string[][] = []
      for await (const devices of mux.watch({ signal: leave.signal })) {
        seen.push(devices.map(({ udid }) => udid))
        if (seen.length === 1) phone.unplug()
        if (seen.length === 2) phone.plugIn()
        if (seen.length === 3) leave.abort()
      }
      assert.deepEqual(seen, [[phone.udid], [], [phone.udid]])
    }),

    claim('a watcher may leave at any time', async (mux) => {
      for await (const devices of mux.watch()) {
        assert.equal(devices.length, 1)
        break
      }
      const left = AbortSignal.abort(new Error('left'))
      for await (const _ of mux.watch({ signal: left })) assert.fail('an aborted watcher gets nothing')
    }),

    claim('the id of the computer is read', async (mux, phone) => {
      assert.equal(await mux.readBuid(), phone.buid)
    }),

    ...(['xml', 'binary'] as const).map((form) =>
      claim(
        `a pair record in ${form} form is read, with both identities`,
        async (mux, phone) => {
          const { escrowBag, ...record } = await mux.readPairRecord(phone.udid)
          const { escrowBag: made, ...agreed } = phone.pairing.record
          assert.deepEqual(record, agreed)
          assert.deepEqual(Buffer.from(escrowBag ?? []), Buffer.from(made))
        },
        { pairRecord: form },
      ),
    ),

    claim(
      'without a pair record it says that there is no trust yet',
      async (mux, phone) => {
        await rejects(mux.readPairRecord(phone.udid), 'DEVICE_NOT_PAIRED')
      },
      { pairRecord: 'none' },
    ),

    claim(
      'a connection carries bytes both ways, and what the phone said first is not lost',
      async (mux, phone) => {
        const wire = new Wire(await connect(mux, echoPort))
        assert.equal((await wire.read(greeting.length)).toString(), greeting)
        const sent = Buffer.alloc(300_000, 'abc')
        const written = wire.write(sent)
        assert.deepEqual(await wire.read(sent.length), sent)
        await written
        wire.close()
        assert.equal(phone.transcript.said('mux').at(-1), 'Connect')
      },
    ),

    claim('a port on which nothing listens refuses', async (mux) => {
      await rejects(connect(mux, 12_345), 'DEVICE_REFUSED')
    }),

    claim('a phone that was unplugged meanwhile is not found', async (mux, phone) => {
      const [device] = await mux.list()
      assert.ok(device !== undefined)
      phone.unplug()
      await rejects(mux.connect(device, echoPort), 'DEVICE_NOT_FOUND')
    }),

    claim('a connection ends when its phone is unplugged', async (mux, phone) => {
      const wire = new Wire(await connect(mux, echoPort))
      await wire.read(greeting.length)
      const more = wire.read(1)
      phone.unplug()
      await rejects(more, 'DEVICE_LOST')
    }),

    claim('a mux that is not there is told as such', async (mux, phone) => {
      await phone.stop()
      await rejects(mux.list(), 'MUX_UNREACHABLE')
      await rejects(mux.readBuid(), 'MUX_UNREACHABLE')
    }),

    claim('every call ends when its signal is aborted, with the reason', async (mux, phone) => {
      const reason = new Error('enough')
      const [device] = await mux.list()
      assert.ok(device !== undefined)
      const calls = [
        (signal: AbortSignal) => mux.list({ signal }),
        (signal: AbortSignal) => mux.readBuid({ signal }),
        (signal: AbortSignal) => mux.readPairRecord(phone.udid, { signal }),
        (signal: AbortSignal) => mux.connect(device, echoPort, { signal }),
      ]
      for (const call of calls) await assert.rejects(call(AbortSignal.abort(reason)), reason)
      phone.fallSilent()
      for (const call of calls) {
        const leave = new AbortController()
        const ended = call(leave.signal)
        setImmediate(() => leave.abort(reason))
        await assert.rejects(ended, reason)
      }
    }),
  ]
}

async function connect(mux: MuxTransport, port: number): ReturnType<MuxTransport['connect']> {
  const [device] = await mux.list()
  assert.ok(device !== undefined)
  return mux.connect(device, port)
}

async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => isHoldfastError(error) && error.code === code)
}
