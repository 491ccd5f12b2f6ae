// Package state works on the state of nodes, and on messages, records,
// commands and results, as plain data: it copies, encodes, decodes, compares
// and shows any of them without code of their own.
//
// Plain data is made of booleans, integers, strings, arrays, slices, maps and
// structs whose fields are all exported, and of interfaces that hold such. A
// pointer to a struct (a node, a state machine) may stand at the top or in an
// interface, nowhere else. Floating point is left out because its results may
// differ from machine to machine, functions and channels because they have
// neither copy nor bytes. [NewCodec] refuses everything else and names the
// path to it, so that no later call has to.
//
// # Invariants
//
//   - A clone shares nothing mutable with its original, and has equal bytes.
//   - Canonical bytes are equal if and only if the values are: same concrete
//     types, same contents, where a nil and an empty slice (or map) count as
//     the same. They depend on neither map order nor the order of registration.
//   - Decode accepts exactly the bytes that Canonical can give: what decodes
//     encodes to the same bytes again. Anything else is an error, never a panic.
//   - Diff is empty if and only if the canonical bytes are equal.
//
// # Format
//
// Canonical bytes are CBOR with the core deterministic encoding requirements
// of RFC 8949, section 4.2.1. A struct is an array of its fields in the order
// of declaration. Where the concrete type is not fixed by the Go type around
// it (at the top and in interfaces) the value carries a tag whose number is
// derived from the type's full name; nil, bool, int, string and []byte go
// without. A string that is not UTF-8 is a byte string. Bytes on disk and
// between peers therefore survive neither the renaming of a type nor a change
// of its fields: both are a new version of the format.
//
// The encoder is this package's own and not that of fxamacker/cbor, against
// which the tests check it: that library cannot tell an int from an int64
// behind an interface, registers neither pointers nor unnamed types, drops
// fields when embedded structs collide, and takes at least twice as long (see
// the benchmarks).
//
// This package is pure: no clock, no randomness, no input or output, no
// goroutine. Of this module it may import nothing but protocols.
package state
