// node check.mjs FILE: exit code 1 when the official parser finds an error or a warning; each finding is a line.
import { readFileSync } from 'node:fs';
import { DiagnosticSeverity, Parser } from '@asyncapi/parser';

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'));
const serious = diagnostics.filter(({ severity }) => severity <= DiagnosticSeverity.Warning);
for (const { code, path, message } of serious) console.error(`${code} ${path.join('.')}: ${message}`);
if (document === undefined || serious.length > 0) process.exit(1);
console.log(JSON.stringify({ version: document.version(), channels: document.channels().all().length, messages: document.messages().all().length }));
