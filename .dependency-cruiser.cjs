/**
 * Who may import whom: the floors, the doors and the roof of docs/architecture.md. An import goes down or sideways along
 * an arrow, never up, never in a circle. `test/repository/import-rules.test.ts` proves that each of these rules can fail.
 *
 * A rule here names the floor that imports (`from`), and all that it may not: everything of ours but the listed floors.
 */

/** What lies in `src/<name>/` imports, of this package, only `src/<name>/` and `src/<below>/`. */
function floor(name, below) {
  return limited(`floor-${name}`, name, below);
}

/** A public entry that does not need all floors. */
function door(name, below) {
  return limited(`door-${name}`, name, below);
}

function limited(rule, name, below) {
  const allowed = [name, ...below].join("|");
  return {
    name: rule,
    comment: below.length === 0 ? `src/${name} imports nothing but itself` : `src/${name} imports only itself and: ${below.join(", ")}`,
    severity: "error",
    from: { path: `^src/${name}/` },
    to: { path: "^(src|assembly|test|tools|bench|scripts|web-demo)/", pathNot: `^src/(${allowed})/` },
  };
}

/**
 * Of the folders within `src/<floor>/`, what lies in `<name>/` imports only itself and those `below` it: so they never
 * go in a circle.
 */
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
    door("export", ["space", "model"]),
    {
      name: "door-export-types",
      comment: "src/export imports types alone of src/space",
      severity: "error",
      from: { path: "^src/export/" },
      to: { path: "^src/space/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "door-index",
      comment: "src/index.ts, the public entry, gathers the floors and knows neither the other doors nor the roof",
      severity: "error",
      from: { path: "^src/index\\.ts$" },
      to: { path: "^(src/(cli|export|worker)|assembly|test|tools|bench|scripts|web-demo)/" },
    },
    {
      name: "door-worker",
      comment: "src/worker imports all but the command",
      severity: "error",
      from: { path: "^src/worker/" },
      to: { path: "^(src/cli|assembly|test|tools|bench|scripts|web-demo)/" },
    },
    folderWithin("worker", "wire", []),
    folderWithin("worker", "service", ["wire"]),
    folderWithin("worker", "caller", ["service", "wire"]),
    {
      name: "roof-cli",
      comment: "src/cli, the command, imports the public entry, export and plain types",
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
      comment: "web-demo, the page, imports the public entries only",
      severity: "error",
      from: { path: "^web-demo/" },
      to: { path: "^(src|assembly|test|tools|bench|scripts)/", pathNot: "^src/(index|worker/index|export/index)\\.ts$" },
    },
    confined(
      "node-modules-of-node",
      "node: modules are imported in src/cli and in src/dump/node-file.ts, and nowhere else: all the rest runs in a browser as it is",
      "^src/(cli/|dump/node-file\\.ts$)",
      { dependencyTypes: ["core"] },
    ),
    confined("comlink-in-worker", "comlink is imported in src/worker alone", "^src/worker/", { path: "(^|/)comlink(/|$)" }),
    confined("parquet-in-export", "the library for Parquet is imported in src/export alone", "^src/export/", {
      path: "(^|/)hyparquet-writer(/|$)",
    }),
    confined("terminal-in-cli", "libraries for terminals are imported in src/cli alone", "^src/cli/", {
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
