/** Props that can be replaced after mounting. */
export function reactive<T>(initial: T): { readonly props: { readonly scene: T }; set(next: T): void } {
  let scene = $state.raw(initial)
  return {
    props: {
      get scene() {
        return scene
      }
    },
    set: (next) => (scene = next)
  }
}
