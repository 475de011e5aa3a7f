const LF = 0x0a
const CR = 0x0d

/**
 * Makes each bare LF a CRLF, which is how lines end in a mail store; files of mail have LF alone. CRLF and bare CR stay as
 * they are. Chunks may be split anywhere.
 */
export class WireForm {
  #lastWasCr = false

  push(chunk: Buffer): Buffer {
    const [first] = chunk
    if (first === undefined) return chunk
    const text = chunk.toString('latin1')
    // A CR at the end of the chunk before belongs to an LF at the start of this one.
    const wire =
      this.#lastWasCr && first === LF
        ? '\n' + text.slice(1).replace(/(?<!\r)\n/g, '\r\n')
        : text.replace(/(?<!\r)\n/g, '\r\n')
    this.#lastWasCr = chunk[chunk.length - 1] === CR
    return wire.length === text.length ? chunk : Buffer.from(wire, 'latin1')
  }
}

/** Makes each CRLF an LF, for files. Chunks may be split anywhere; {@link finish} gives what was held back. */
export class FileForm {
  #held = ''

  push(chunk: Buffer): Buffer {
    const text = this.#held + chunk.toString('latin1')
    this.#held = text.endsWith('\r') ? '\r' : ''
    const sure = this.#held === '' ? text : text.slice(0, -1)
    return Buffer.from(sure.replaceAll('\r\n', '\n'), 'latin1')
  }

  finish(): Buffer {
    return Buffer.from(this.#held, 'latin1')
  }
}

/** Whether {@link WireForm} gives back what {@link FileForm} made of a message: it has neither a bare LF nor CR CR LF. */
export class FileFormCheck {
  #last = [0, 0]
  safe = true

  push(chunk: Buffer): void {
    for (let at = chunk.indexOf(LF); at !== -1 && this.safe; at = chunk.indexOf(LF, at + 1)) {
      const before = at > 0 ? chunk[at - 1] : this.#last[1]
      const twoBefore = at > 1 ? chunk[at - 2] : this.#last[at]
      if (before !== CR || twoBefore === CR) this.safe = false
    }
    const tail = [...this.#last, ...chunk.subarray(-2)]
    this.#last = tail.slice(-2)
  }
}
