#!/usr/bin/env node
// Entry of the `xqueue` command. It looks at Node's version before it loads anything else, and uses no syntax that an
// old Node cannot read, so that it can say what is missing instead of dying on a line nobody understands.
const NEEDED = { major: 22, minor: 22 };
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < NEEDED.major || (major === NEEDED.major && minor < NEEDED.minor)) {
  process.stderr.write(
    `xqueue needs Node.js ${NEEDED.major}.${NEEDED.minor} or later (24 LTS is best). ` +
      `This is ${process.versions.node} at ${process.execPath}.\n`,
  );
  process.exitCode = 1;
} else {
  const { youngGeneration } = await import('./young-generation.ts');
  youngGeneration('stay_small');
  const { main } = await import('./main.ts');
  const { processIo } = await import('./io.ts');
  process.exitCode = await main(process.argv.slice(2), processIo());
}
