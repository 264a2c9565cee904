/** Paths that no artifact may have, whichever door takes them. */

/** What MLflow's validation must refuse on POSIX (contract 9.2). */
const POSIX = [
  '/path',
  '../path',
  '../../path',
  './../path',
  'path/../to/file',
  'path/../../to/file',
  'file://a#/..//tmp',
  'file://a%23/..//tmp/',
  '/etc/passwd',
  '/etc/passwd%00.jpg',
  '/etc/passwd%00.html',
  '/etc/passwd%00.txt',
  '/etc/passwd%00.php',
  '/etc/passwd%00.asp',
  '/file://etc/passwd',
  '%2E%2E%2Fpath',
  '%2E%2E%2F%2E%2E%2Fpath',
  '%2%0952e%2%0952e/%2%0A52e%2%0A52e/path',
  '%2%0952e%2%0952e/%2%0A52e%2%0A52e/%2%0D52e%2%0D52e/canary',
  '%252e%252e%252fpath',
  '%25252e%25252e%25252fcanary'
]

/** What it must refuse on Windows, and is refused here everywhere: a host may be either. */
const WINDOWS = [
  'C:path',
  'C:path/',
  'C:/path',
  'C:\\path',
  'C:\\..\\path',
  '..\\path',
  '..\\..\\path',
  'path\\..\\..\\file',
  '\\path',
  '\\\\Server\\Share',
  '\\\\?\\C:\\path',
  '\\\\.\\C:\\path',
  '//Server/Share',
  '::Windows',
  '::$DATA',
  '....\\\\canary',
  '....\\canary',
  '..%5Cpath',
  '%5C%5CServer%5CShare',
  'C%3A%5Cpath'
]

/** Ours: disguises of the same, and of the canary that really stands there. */
const OURS = [
  './path',
  'path/.',
  '%00',
  '..',
  '.',
  './',
  '../',
  'a/..',
  'a/./b',
  '../canary',
  '../../canary',
  '../../../../canary',
  'a/../../../../../canary',
  '..%2fcanary',
  '%2e%2e/%2e%2e/%2e%2e/%2e%2e/canary',
  '.%2e/canary',
  '%2f..%2fcanary',
  '%2fetc%2fpasswd',
  'a//b',
  'a;b',
  'a#b',
  'a%00b',
  'a\0b',
  'a\nb',
  'file:/etc/passwd',
  'file:///etc/passwd',
  'http://localhost/x',
  `%${'25'.repeat(12)}2e%2e/canary`,
  'x'.repeat(256),
  'x/'.repeat(1001) + 'x'
]

export const HOSTILE = [...new Set([...POSIX, ...WINDOWS, ...OURS])]
