import type { SqliteDatabase } from '../src/sqlite/index.js'

/**
 * A database with a say before and after every statement that ends or begins something; of the rows between them, which are in one
 * transaction anyway, one in fifty.
 */
export function watchedDatabase(db: SqliteDatabase, step: () => void): SqliteDatabase {
  let runs = 0
  return {
    close: () => db.close(),
    exec(sql) {
      step()
      const result = db.exec(sql)
      step()
      return result
    },
    prepare(sql) {
      const statement = db.prepare(sql)
      return {
        run: (...parameters) => {
          if (runs++ % 50 === 0) step()
          return statement.run(...parameters)
        },
        get: (...parameters) => statement.get(...parameters),
        all: (...parameters) => statement.all(...parameters),
        iterate: (...parameters) => statement.iterate(...parameters),
      }
    },
  }
}
