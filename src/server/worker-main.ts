/** A worker process, as `Supervisor` starts it. */
import { runWorker } from './worker.ts'

process.umask(0o077) // mail is its owner's alone
runWorker()
