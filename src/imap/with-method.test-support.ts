/** The object, with another method in the place of one. */
export function withMethod<T extends object, Name extends keyof T>(whole: T, name: Name, method: T[Name]): T {
  return new Proxy(whole, {
    get(target, wanted) {
      if (wanted === name) return method
      const value: unknown = Reflect.get(target, wanted)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
