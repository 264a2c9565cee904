/**
 * What a page says to a service worker: to a waiting one `activate`, or `activate-if-alone`, which does nothing while another tab is open;
 * to the active one `claim`, when the page finds itself without a controller.
 */
export interface ShellMessage {
  readonly type: 'activate' | 'activate-if-alone' | 'claim'
}
