/**
 * A process in which an app meets one fault after the other, each on files of its own. It is given {@link FaultTasks} as JSON, and
 * writes a report of each; one that is missing is the one at which the process ended.
 */
import { writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { openFilesIn } from '../open-files.js'
import { FaultApp } from './fault-app.js'
import { FaultControl } from './fault-control.js'
import type { FaultReport, FaultTask, FaultTasks } from './fault-task.js'

// The parent wrote it from FaultTasks.
const { control: path, tasks } = JSON.parse(process.argv[2] ?? '') as FaultTasks
const control = new FaultControl(path)
for (const task of tasks) writeFileSync(task.report, JSON.stringify(await meet(task)))

async function meet(task: FaultTask): Promise<FaultReport> {
  const app = new FaultApp(task, control)
  control.plan(null)
  const story = task.part === 'end' ? null : await app.playStory()
  if (task.part !== 'leave') control.lift()
  const end = task.part === 'leave' ? null : await app.endRun()
  await app.close()
  const seen = control.read()
  control.lift()
  return { story, end, seen, leftOpen: openFilesIn(dirname(dirname(task.database))) }
}
