/** Milliseconds after which a process that does not say what it has seen counts as stuck. */
const maxLagMs = 5000

/** Those who wait until another process has seen what was published. */
export class Awaited {
  readonly #onStuck: () => void
  /** Ascending. */
  #waiting: { readonly sequence: number; readonly resolve: () => void }[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(onStuck: () => void) {
    this.#onStuck = onStuck
  }

  /** Resolves once the record `sequence`, higher than any before, was seen. */
  next(sequence: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ sequence, resolve })
      this.#timer ??= setTimeout(this.#onStuck, maxLagMs).unref()
    })
  }

  /** The record `sequence` and all before it were seen. */
  seen(sequence: number): void {
    const first = this.#waiting.findIndex((one) => one.sequence > sequence)
    const done = this.#waiting.splice(0, first === -1 ? Infinity : first)
    for (const { resolve } of done) resolve()
    if (this.#waiting.length === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    } else if (done.length > 0) this.#timer?.refresh()
  }
}
