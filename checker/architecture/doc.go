// Package architecture checks that a module keeps to its own house rules:
// who may import whom, which packages are pure, and how large things may grow.
//
// The rules are data, a [Law]; the one of this project is [House]. [Check]
// holds a module against a law and returns a [Finding] for each breach, with
// its place and what to do instead. The package's own test checks this very
// module, so the rules hold from commit to commit without anybody's care.
//
// What the rules are for: the code that was checked is the code that runs.
// That is true only if a pure package (a protocol, a link, the world, a judge)
// gives equal output for equal input on every machine. So whatever could let
// the machine in is forbidden there: clocks, random sources, files, sockets,
// goroutines, the order of a map walk, writes to package variables, files that
// only some machines compile, and floating-point arithmetic whose last bit
// depends on the processor.
//
// Invariants:
//   - The import tables fail closed: a package, an import or a module that is
//     not listed is a breach, and so is a pure package that does not compile,
//     because nothing can then be said of it.
//   - Findings are sorted by place, hence equal from run to run.
//   - Packages called testdata, and those whose name begins with a dot or an
//     underscore, are no part of the module, as the go command has it.
//
// What it cannot see: order that leaks through an interface (a method, defined
// elsewhere, that walks a map), and impurity inside the outside modules that
// the table admits. The determinism tests of sim and scenarios look for those.
//
// It imports nothing of this module.
package architecture
