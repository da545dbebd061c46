/**
 * Who may import whom: the floors of docs/architecture.md. An import goes down or sideways along an arrow, never up,
 * never in a circle. `test/repository/import-rules.test.ts` proves that each of these rules can fail.
 *
 * A rule here names the floor that imports (`from`), and all that it may not: everything of ours but the listed floors.
 */

/** What lies in `src/<floor>/` imports, of this package, only `src/<floor>/` and `src/<below>/`. */
function floor(name, below) {
  const allowed = [name, ...below].join("|");
  return {
    name: `floor-${name}`,
    comment: below.length === 0 ? `src/${name} imports nothing but itself` : `src/${name} imports only itself and: ${below.join(", ")}`,
    severity: "error",
    from: { path: `^src/${name}/` },
    to: { path: "^(src|assembly|test|tools|bench|scripts|web-demo)/", pathNot: `^src/(${allowed})/` },
  };
}

/** Of the folders within `src/<floor>/`, what lies in `<name>/` imports only itself and those `below` it: so they never go in a circle. */
function folderWithin(floor, name, below) {
  const allowed = [name, ...below].join("|");
  return {
    name: `${floor}-${name}`,
    comment: `of the folders in src/${floor}, ${name} imports only itself${below.length === 0 ? "" : ` and: ${below.join(", ")}`}`,
    severity: "error",
    from: { path: `^src/${floor}/${name}/` },
    to: { path: `^src/${floor}/[^/]+/`, pathNot: `^src/${floor}/(${allowed})/` },
  };
}

/** Only what matches `from` imports what matches `to`. */
function confined(name, comment, from, to) {
  return { name, comment, severity: "error", from: { path: "^(src|web-demo)/", pathNot: from }, to };
}

module.exports = {
  forbidden: [
    { name: "no-circles", comment: "imports never go in a circle", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", comment: "every import leads somewhere", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "declared-dependencies",
      comment: "packages that src imports are dependencies, so that they are there where this package is installed",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
    { ...floor("model", []), to: { path: ".", pathNot: "^src/model/" } },
    floor("arch", ["model"]),
    floor("dump", ["arch", "model"]),
    floor("core", ["arch", "model"]),
    floor("monitor", ["core", "arch", "model"]),
    floor("space", ["core", "arch", "model"]),
    floor("export", ["space", "model"]),
    {
      name: "public-entry",
      comment: "src/index.ts gathers the library and knows nothing of what is built on it",
      severity: "error",
      from: { path: "^src/index\\.ts$" },
      to: { path: "^(src/(cli|export|worker)|assembly|test|tools|bench|scripts|web-demo)/" },
    },
    {
      name: "roof-worker",
      comment: "the worker stands on the library, not on the command",
      severity: "error",
      from: { path: "^src/worker/" },
      to: { path: "^(src/cli|assembly|test|tools|bench|scripts|web-demo)/" },
    },
    folderWithin("worker", "wire", []),
    folderWithin("worker", "service", ["wire"]),
    folderWithin("worker", "caller", ["service", "wire"]),
    {
      name: "roof-cli",
      comment: "the command uses what every user of the library can use, the plain types, and the tables",
      severity: "error",
      from: { path: "^src/cli/" },
      to: { path: "^(src|assembly|test|tools|bench|scripts|web-demo)/", pathNot: "^src/(cli/|export/|model/|index\\.ts$)" },
    },
    folderWithin("cli", "terminal", []),
    folderWithin("cli", "arguments", []),
    folderWithin("cli", "progress", ["terminal"]),
    folderWithin("cli", "results", ["arguments", "progress", "terminal"]),
    folderWithin("cli", "format", ["results", "arguments", "terminal"]),
    {
      name: "roof-web-demo",
      comment: "the web page uses the public entry points only",
      severity: "error",
      from: { path: "^web-demo/" },
      to: { path: "^(src|assembly|test|tools|bench|scripts)/", pathNot: "^src/(index|worker/index|export/index)\\.ts$" },
    },
    confined(
      "node-modules-of-node",
      "all but these places runs in a browser as it is",
      "^src/(dump/node-file\\.ts$|worker/[^/]*-node\\.ts$|cli/)",
      { dependencyTypes: ["core"] },
    ),
    confined("comlink-in-worker", "only the worker talks through comlink", "^src/worker/", { path: "(^|/)comlink(/|$)" }),
    confined("parquet-in-export", "only the tables know how Parquet is written", "^src/export/", {
      path: "(^|/)hyparquet-writer(/|$)",
    }),
    confined("terminal-in-cli", "only the command draws on terminals", "^src/cli/", {
      path: "(^|/)(commander|cli-table3|picocolors)(/|$)",
    }),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^web-demo/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "default"] },
  },
};
