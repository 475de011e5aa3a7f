import type { AnyLmtpCommand } from '../command.ts'
import { bdat } from './bdat.ts'
import { data } from './data.ts'
import { help } from './help.ts'
import { lhlo } from './lhlo.ts'
import { mail } from './mail.ts'
import { noop } from './noop.ts'
import { quit } from './quit.ts'
import { rcpt } from './rcpt.ts'
import { rset } from './rset.ts'
import { vrfy } from './vrfy.ts'

const withoutHelp: readonly AnyLmtpCommand[] = [lhlo, mail, rcpt, data, bdat, rset, vrfy, noop, quit]

/** All commands. */
export const lmtpCommands: readonly AnyLmtpCommand[] = [...withoutHelp, help(withoutHelp)]
