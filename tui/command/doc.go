// Package command is the door of quorumlab: its verbs, their flags, what they
// print and with which code they exit. It is the composition root, so it may
// import every package of the module; none may import it.
//
// Each verb has a file of its own; the comment of its constructor (newRun …) says
// what the verb promises. A verb parses its arguments, calls one method of
// scenarios.Lab (or of checker/linear), and prints what came back: whatever can
// be computed without knowing of terminals and files is computed there, not here.
// Only `bench` and `check` do work of their own, for they look at the machine.
//
// Invariants:
//   - Results go to stdout, progress and hints to stderr; with --json stdout
//     holds one JSON object and nothing else.
//   - A verb ends with one of the codes of exit.go. Bad input never panics: it
//     is told with its place, what was found, what was expected and a hint.
//   - Colour is decoration: a glyph and a word carry every meaning.
//   - Without --json nothing but progress and figures of time depends on the
//     machine, so that what `run` prints can be compared byte by byte.
//   - The first interrupt ends the work and lets the verb print what it has;
//     the second kills the process.
//
// Tests of real clusters run the program itself, a process a node. Those that take long
// have a tag: `go test -tags failover -run Failover -v ./tui/command` measures how long a
// cluster does not answer after its leader was killed, and fails if the median of 20 is
// over a second.
package command
