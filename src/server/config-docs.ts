import type { z } from 'zod'
import {
  maxKeywordBytes,
  maxMailboxLevelBytes,
  maxMailboxLevels,
  maxMailboxNameBytes,
  maxMetadataBytes,
  maxMetadataEntries,
  maxMetadataNameBytes,
  maxMetadataValueBytes,
  maxSubscriptions,
} from '../model/limits.ts'
import { maxListItems } from '../wire/cursor.ts'
import { maxSetRanges } from '../wire/number-set.ts'
import { variableOf } from './config.ts'
import { settingTables } from './config-schema.ts'
import type { Setting } from './config-schema.ts'

/** Limits that no site has reason to change, with their units. */
const fixedLimits: readonly (readonly [what: string, value: number, unit: string])[] = [
  ['A mailbox name, in UTF-8', maxMailboxNameBytes, 'octets'],
  ['One level of a mailbox name, in UTF-8', maxMailboxLevelBytes, 'octets'],
  ['Levels of a mailbox name', maxMailboxLevels, 'levels'],
  ['Subscriptions of one user', maxSubscriptions, 'names'],
  ['A keyword', maxKeywordBytes, 'octets'],
  ['The name of an annotation', maxMetadataNameBytes, 'octets'],
  ['The value of an annotation', maxMetadataValueBytes, 'octets'],
  ['Annotations of a mailbox, shared ones and those of each user', maxMetadataEntries, 'entries'],
  ['All annotations of an account', maxMetadataBytes, 'octets'],
  ['Ranges of a sequence set', maxSetRanges, 'ranges'],
  ['Items of one list in a command', maxListItems, 'items'],
]

/** docs/configuration.md. */
export function configurationPage(): string {
  const lines = [
    '# Configuration',
    '',
    'This page is made from the schema in `src/server/config-schema.ts` by `crispin config docs`; a test keeps it in step.',
    '',
    'Everything has a default, so no file is needed. A file is TOML and is named by `--config FILE` or the environment',
    'variable `CRISPIN_CONFIG`. Environment variables, named below, override the file; options of the command line override',
    'both. Lists are written between commas in a variable. `crispin config check FILE` names what is wrong, with its line;',
    '`crispin config show` prints what holds.',
    '',
    '```toml',
    '[imaps]',
    'listen = ["0.0.0.0:993", "[::]:993"]',
    '',
    '[tls]',
    'certFile = "/etc/ssl/mail.example.org.pem"',
    'keyFile = "/etc/ssl/private/mail.example.org.key"',
    '',
    '[limits]',
    'messageBytes = 104857600',
    '```',
    '',
    'An address is `HOST:PORT`, `[IPV6]:PORT`, `*:PORT` for every address, or `unix:PATH`; port 0 is any free one.',
    'A setting whose name ends in `Bytes` counts octets, one in `Seconds` seconds.',
  ]
  for (const { name, description, settings } of settingTables) {
    lines.push('', `## [${name}]`, '', description, ...settings.flatMap(entry))
  }
  lines.push('', '## Fixed limits', '', 'No settings, but good to know.', '')
  for (const [what, value, unit] of fixedLimits) lines.push(`- ${what}: ${thousands(value)} ${unit}`)
  return lines.join('\n') + '\n'
}

function entry({ path, schema, meta }: Setting): string[] {
  const type = typeText(schema)
  return [
    '',
    `### ${path.join('.')}`,
    '',
    meta.description,
    '',
    `- ${meta.unit === undefined ? type : `${type}, ${meta.unit}`}`,
    `- default: ${meta.defaultText ?? defaultText(schema, meta.unit)}`,
    `- \`${variableOf(path)}\``,
  ]
}

function defaultText(schema: z.ZodType, unit: string | undefined): string {
  const value: unknown = schema.parse(undefined)
  if (unit === 'file mode' && typeof value === 'number') return `\`0o${value.toString(8)}\``
  if (Array.isArray(value) && value.length === 0) return 'none'
  return `\`${JSON.stringify(value)}\``
}

/** The JSON schema's word for the type, with its bounds. */
function typeText(schema: z.ZodType): string {
  const { type, enum: values, minimum, maximum } = schema.toJSONSchema({ io: 'input', unrepresentable: 'any' })
  if (values) return `one of ${values.map((value) => `\`${String(value)}\``).join(', ')}`
  if (type === 'integer') return `whole number from ${thousands(minimum ?? 0)} to ${thousands(maximum ?? 0)}`
  if (type === 'array') return 'list'
  return type === 'boolean' ? 'true or false' : 'text'
}

const thousands = (value: number): string => value.toLocaleString('en')
