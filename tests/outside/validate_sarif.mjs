// Validates a SARIF file with the schema, with the SARIF multitool (its rules for GitHub too), and against the limits that
// GitHub's code scanning names.
//
//   node validate_sarif.mjs FILE
//
// Exit status 0: the file is sound.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import Ajv from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const [file] = process.argv.slice(2)
const bytes = readFileSync(file)
const log = JSON.parse(bytes)
const problems = []
const must = (holds, problem) => holds || problems.push(problem)
const require = createRequire(import.meta.url)

const schemaFile = require.resolve('@microsoft/sarif-multitool-linux/sarif-2.1.0.json')
const ajv = new Ajv.default({ strict: false, allErrors: true })
addFormats.default(ajv)
const valid = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')))
if (!valid(log)) {
  problems.push(...valid.errors.slice(0, 20).map(error => `schema: ${error.instancePath} ${error.message}`))
}

// SARIF2005 wants the address of a tool's home page
const beside = new Set(['SARIF2005'])
const folder = mkdtempSync(join(tmpdir(), 'sarif-'))
try {
  const tool = require('@microsoft/sarif-multitool-linux')
  chmodSync(tool, 0o755)
  const output = join(folder, 'validation.sarif')
  const run = spawnSync(tool, ['validate', file, '--output', output, '--rule-kind', 'Sarif;Gh', '--level', 'Error;Warning'], {
    // one of its rules tries whether addresses answer; nothing leaves this machine
    env: { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1', HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  must(run.error === undefined, `the multitool can't be run: ${run.error}`)
  const validation = JSON.parse(readFileSync(output))
  for (const result of validation.runs[0].results ?? []) {
    const { ruleId, message } = result
    must(beside.has(ruleId), `multitool: ${ruleId} ${message.text ?? JSON.stringify(message)}`)
  }
  const { executionSuccessful } = validation.runs[0].invocations[0]
  must(executionSuccessful, `the multitool did not come to its end: ${run.stdout}${run.stderr}`)
} finally {
  rmSync(folder, { recursive: true })
}

// GitHub: "SARIF support for code scanning"
must(log.runs.length <= 20, 'more than 20 runs')
must(gzipSync(bytes).length <= 10 * 1024 * 1024, 'more than 10 MB when compressed')
const prints = new Set()
for (const run of log.runs) {
  const rules = run.tool.driver.rules
  must(rules.length <= 25_000, 'more than 25,000 rules')
  must(run.results.length <= 25_000, 'more than 25,000 results')
  must(/^[^/]+\/.+\/[^/]+$/.test(run.automationDetails.id), `no category: ${run.automationDetails.id}`)
  for (const rule of rules) {
    must(rule.properties.tags.length <= 20 && rule.properties.tags.includes('security'), `${rule.id}: tags`)
    must(Number(rule.properties['security-severity']) <= 10, `${rule.id}: security-severity`)
    must(rule.shortDescription.text.length <= 1024 && rule.fullDescription.text.length <= 1024, `${rule.id}: too long`)
    must(rule.help.text && rule.help.markdown, `${rule.id}: no help`)
  }
  for (const result of run.results) {
    const print = `${result.ruleId} ${result.partialFingerprints.primaryLocationLineHash}`
    must(!prints.has(print), `two results are one alert: ${print}`)
    prints.add(print)
    must(rules[result.ruleIndex].id === result.ruleId, `${print}: ruleIndex`)
    const { artifactLocation, region } = result.locations[0].physicalLocation
    must(/^[^/:]+(\/[^/]+)*$/.test(artifactLocation.uri), `${print}: ${artifactLocation.uri}`)
    must(!artifactLocation.uri.split('/').some(part => part === '..' || part === '.'), `${print}: leads out`)
    must(region.startLine >= 1, `${print}: no line`)
    must(['fail', 'open'].includes(result.kind), `${print}: kind ${result.kind}`)
    must((result.kind === 'open') === (result.level === 'none'), `${print}: level`)
  }
}

problems.slice(0, 30).forEach(problem => console.error(problem))
const results = log.runs.reduce((sum, run) => sum + run.results.length, 0)
console.log(`${file}: ${results} results, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
