/** What a page says to a waiting service worker. `activate-if-alone` does nothing while another tab is open. */
export interface ShellMessage {
  readonly type: 'activate' | 'activate-if-alone'
}
