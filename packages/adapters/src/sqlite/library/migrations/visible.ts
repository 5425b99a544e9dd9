/**
 * A row of a library belongs to the import that wrote it and is never changed; `supersedes` names the row that it replaces.
 * It is to be seen when its import is published and no row of a published import supersedes it. So publishing marks one row of
 * import_rows, whatever the import's size, and taking an import back needs no before-images but the rows that were there all along.
 *
 * The condition is a scalar subquery, not a join, so that the planner always begins with the index that a query asks for.
 */
export function visible(row: string, table: string): string {
  const published = (alias: string) =>
    `(SELECT i.publication FROM import_rows AS i WHERE i.n = ${alias}.import) IS NOT NULL`
  return `${published(row)} AND NOT EXISTS (
    SELECT 1 FROM ${table} AS newer WHERE newer.supersedes = ${row}.row AND ${published('newer')})`
}

/** When the import of a row was published; null while it is not. */
export const publication = (row: string) =>
  `(SELECT i.publication FROM import_rows AS i WHERE i.n = ${row}.import)`
/** The owner of a row, as the last column of a view. */
export const owner = (row: string) =>
  `(SELECT o.owner FROM owner_rows AS o WHERE o.n = ${row}.owner) AS owner`
