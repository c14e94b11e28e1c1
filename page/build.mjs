// Bundles the page's script and style and writes them as C++ text, with the hashes that the page's
// Content-Security-Policy names:  node build.mjs page_assets.cpp
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as esbuild from 'esbuild';

const [target] = process.argv.slice(2);

const result = await esbuild.build({
  entryPoints: ['src/main.js', 'src/page.css'],
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['es2022'],
  charset: 'utf8',
  legalComments: 'none', // the whole licences follow below
  metafile: true,
  write: false,
  outdir: 'out',
});

const text = (ending) => result.outputFiles.find((file) => file.path.endsWith(ending)).text.trim();

// The packages that made it into the bundle, with their licences.
function licences() {
  const holders = new Map(); // licence text → packages
  const script = Object.entries(result.metafile.outputs).find(([path]) => path.endsWith('.js'))[1];
  const folders = new Set(
    Object.entries(script.inputs)
      .filter(([path, { bytesInOutput }]) => path.startsWith('node_modules/') && bytesInOutput > 0)
      .map(([path]) => /^node_modules\/(@[^/]+\/)?[^/]+/.exec(path)[0])
  );
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8')
    );
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license']
      .map((n) => join(folder, n))
      .find(existsSync);
    const words = file ? readFileSync(file, 'utf8').trim() : `Licence: ${license}`;
    holders.set(words, [...(holders.get(words) ?? []), `${name} ${version}`]);
  }
  return [...holders].map(([words, packages]) => `${packages.join(', ')}\n\n${words}`).join('\n\n');
}

const script = `/* ${licences().replaceAll('*/', '* /')} */\n${text('.js')}`;
const style = text('.css');

for (const [what, asset, end] of [
  ['script', script, /<\/script|<!--/i],
  ['style', style, /<\/style|<!--/i],
]) {
  if (end.test(asset))
    throw new Error(`the ${what} holds a sequence that would end its HTML element`);
}

// String literals are limited in length by some compilers: pieces, cut between characters.
function literal(asset) {
  const pieces = [];
  let rest = Buffer.from(asset, 'utf8');
  while (rest.length > 0) {
    let end = Math.min(rest.length, 12_000);
    while (end < rest.length && (rest[end] & 0xc0) === 0x80) --end;
    const piece = rest.subarray(0, end).toString('utf8');
    if (piece.includes(')page"')) throw new Error('the delimiter stands in the text');
    pieces.push(`R"page(${piece})page"`);
    rest = rest.subarray(end);
  }
  return pieces.join('\n    ');
}

const hash = (asset) => createHash('sha256').update(asset, 'utf8').digest('base64');
const asset = (name, value) => `PageAsset page_${name}() {
  static constexpr char kText[] =
    ${literal(value)};
  return {{kText, sizeof kText - 1}, "${hash(value)}"};
}
`;

writeFileSync(
  target,
  `// Generated from ${dirname('page/src/main.js')} by page/build.mjs; edit those.
#include "ipw/report/page_assets.h"

namespace ipw::report {

${asset('script', script)}
${asset('style', style)}
}  // namespace ipw::report
`
);
