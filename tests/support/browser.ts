import { mkdtemp, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type ViewportSize } from '@playwright/test'
import { findChromium } from '../../scripts/chromium.mjs'

/** A Chromium with a profile on disk: IndexedDB is the real one, not the in-memory kind of a private window. */
export interface TestBrowser {
  readonly context: BrowserContext
  /** The profile's folder: hand it to the next launch to come back to the same data. */
  readonly profile: string
  /** Kill the whole browser at once (SIGKILL), as a crash does. The profile stays. */
  readonly kill: () => Promise<void>
  /** Close the browser properly. The profile stays. */
  readonly close: () => Promise<void>
}

export interface LaunchOptions {
  /** A profile to come back to; a new one unless said. */
  readonly profile?: string
  readonly viewport?: ViewportSize
  readonly colorScheme?: 'light' | 'dark'
  /** More switches for Chromium. */
  readonly args?: readonly string[]
  /** Playwright's switches to leave out, such as `--disable-popup-blocking` where a test is about user gestures. */
  readonly withoutArgs?: readonly string[]
}

/** No sandbox (containers have none to give), no GPU, and nothing that talks to the network by itself. */
const quietArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

/** The Chromium that tests and benches drive. Fails with what to do when there is none. */
export const chromiumPath = (): string => {
  const path = findChromium()
  if (path === undefined)
    throw new Error(
      'No Chromium was found. Install one, or name it in RUNNEL_CHROMIUM; npm test installs one by itself.'
    )
  return path
}

export const newProfile = (): Promise<string> => mkdtemp(join(tmpdir(), 'runnel-profile-'))

export const removeProfile = (profile: string): Promise<void> =>
  // A browser that was just killed may still be letting go of its files.
  rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })

/** Launch a headless Chromium on a profile. The caller closes it, and removes the profile when it is done with it. */
export const launchBrowser = async (options: LaunchOptions = {}): Promise<TestBrowser> => {
  const profile = options.profile ?? (await newProfile())
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    headless: true,
    args: [...quietArgs, ...(options.args ?? [])],
    ...(options.withoutArgs && { ignoreDefaultArgs: [...options.withoutArgs] }),
    ...(options.viewport && { viewport: options.viewport }),
    ...(options.colorScheme && { colorScheme: options.colorScheme })
  })
  return {
    context,
    profile,
    kill: async () => {
      const closed = new Promise<void>((resolve) => context.once('close', () => resolve()))
      process.kill(await browserPid(profile), 'SIGKILL')
      await closed
    },
    close: () => context.close()
  }
}

/** Chromium links `SingletonLock` in its profile to `HOSTNAME-PID` while it runs. */
const browserPid = async (profile: string): Promise<number> => {
  const link = await readlink(join(profile, 'SingletonLock'))
  return Number(link.slice(link.lastIndexOf('-') + 1))
}
