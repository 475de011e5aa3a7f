/** What is left of a search once the columns have answered what they can. */
import { allRows, complement, hasRow, intersect, isEmpty, noRows, type RowSet, subtract, unite } from './row-set.ts'

/** A search over rows. What columns decide is one set of rows, wherever it stands. */
export type Expression =
  | { readonly kind: 'rows'; readonly rows: RowSet }
  /** The Date field's day is `firstDay` or a later one before `endDay` (days since 1970-01-01). */
  | { readonly kind: 'sent'; readonly firstDay: number; readonly endDay: number }
  /** The needle with this number is in the message. */
  | { readonly kind: 'needle'; readonly needle: number; readonly bounds: Bounds | undefined }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] }
  | { readonly kind: 'not'; readonly operand: Expression }

/** Rows that match for certain, and rows of which it cannot be ruled out yet. */
export interface Bounds {
  readonly surely: RowSet
  readonly maybe: RowSet
}

/** All of `operands`; sets of rows among them become one. */
export function and(operands: readonly Expression[]): Expression {
  return combine('and', operands, intersect)
}

/** Any of `operands`. */
export function or(operands: readonly Expression[]): Expression {
  return combine('or', operands, unite)
}

/** None but `operand`'s. */
export function not(operand: Expression): Expression {
  if (operand.kind === 'rows') return { kind: 'rows', rows: complement(operand.rows) }
  return operand.kind === 'not' ? operand.operand : { kind: 'not', operand }
}

function combine(
  kind: 'and' | 'or',
  operands: readonly Expression[],
  join: (a: RowSet, b: RowSet) => RowSet,
): Expression {
  let rows: RowSet | undefined
  const others: Expression[] = []
  for (const operand of operands) {
    if (operand.kind === 'rows') rows = rows ? join(rows, operand.rows) : operand.rows
    else if (operand.kind === kind) {
      for (const inner of operand.operands) {
        if (inner.kind === 'rows') rows = rows ? join(rows, inner.rows) : inner.rows
        else others.push(inner)
      }
    } else others.push(operand)
  }
  if (rows && (others.length === 0 || (kind === 'and' && isEmpty(rows)))) return { kind: 'rows', rows }
  if (rows) others.unshift({ kind: 'rows', rows })
  const [only] = others
  return only && others.length === 1 ? only : { kind, operands: others }
}

/** What can be said of an expression over `length` rows without reading anything. */
export function boundsOf(expression: Expression, length: number): Bounds {
  const none = noRows(length)
  const all = allRows(length)
  // Most needles know nothing, and there may be thousands of them: nothing is computed where one side is that.
  const both = (a: RowSet, b: RowSet): RowSet =>
    a === none || b === all ? a : b === none || a === all ? b : intersect(a, b)
  const either = (a: RowSet, b: RowSet): RowSet =>
    a === all || b === none ? a : b === all || a === none ? b : unite(a, b)
  const other = (rows: RowSet): RowSet => (rows === none ? all : rows === all ? none : complement(rows))

  const bounds = (inner: Expression): Bounds => {
    switch (inner.kind) {
      case 'rows':
        return { surely: inner.rows, maybe: inner.rows }
      case 'sent':
        return { surely: none, maybe: all }
      case 'needle':
        return inner.bounds ?? { surely: none, maybe: all }
      case 'not': {
        const { surely, maybe } = bounds(inner.operand)
        return { surely: other(maybe), maybe: other(surely) }
      }
      case 'and':
      case 'or': {
        const join = inner.kind === 'and' ? both : either
        let joined: Bounds | undefined
        for (const operand of inner.operands) {
          const { surely, maybe } = bounds(operand)
          joined = joined
            ? { surely: join(joined.surely, surely), maybe: join(joined.maybe, maybe) }
            : { surely, maybe }
        }
        return joined ?? { surely: all, maybe: all }
      }
    }
  }
  return bounds(expression)
}

/** What of a search is replaced once more is known of it; all else stays. */
export interface Replacements {
  readonly sent?: (firstDay: number, endDay: number) => Expression
  readonly needle?: (needle: number, bounds: Bounds | undefined) => Expression
}

/** The same search with what is known now. */
export function replace(expression: Expression, replacements: Replacements): Expression {
  switch (expression.kind) {
    case 'rows':
      return expression
    case 'sent':
      return replacements.sent?.(expression.firstDay, expression.endDay) ?? expression
    case 'needle':
      return replacements.needle?.(expression.needle, expression.bounds) ?? expression
    case 'not':
      return not(replace(expression.operand, replacements))
    case 'and':
      return and(expression.operands.map((operand) => replace(operand, replacements)))
    case 'or':
      return or(expression.operands.map((operand) => replace(operand, replacements)))
  }
}

/** A needle of which so much is known: rows, where that is all there is to know. */
export function needleWithin(needle: number, bounds: Bounds): Expression {
  const isKnown = isEmpty(subtract(bounds.maybe, bounds.surely))
  return isKnown ? { kind: 'rows', rows: bounds.surely } : { kind: 'needle', needle, bounds }
}

/** What is known of one row: whether it matches, or `undefined` while that is open. */
export type Verdict = boolean | undefined

/** Decides one row, where `found` says of needles, by number, whether they are in the message. */
export function decide(expression: Expression, row: number, found: readonly Verdict[]): Verdict {
  switch (expression.kind) {
    case 'rows':
      return hasRow(expression.rows, row)
    case 'needle':
      if (expression.bounds && hasRow(expression.bounds.surely, row)) return true
      if (expression.bounds && !hasRow(expression.bounds.maybe, row)) return false
      return found[expression.needle]
    case 'not': {
      const verdict = decide(expression.operand, row, found)
      return verdict === undefined ? undefined : !verdict
    }
    case 'and':
    case 'or': {
      const decisive = expression.kind === 'or'
      let isOpen = false
      for (const operand of expression.operands) {
        const verdict = decide(operand, row, found)
        if (verdict === decisive) return decisive
        if (verdict === undefined) isOpen = true
      }
      return isOpen ? undefined : !decisive
    }
    case 'sent':
      return undefined
  }
}
