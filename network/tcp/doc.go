// Package tcp runs a node of any protocol for real: on sockets, on the wall
// clock and on a disk that outlives it. It is a loop around Step, as the
// simulator is, and calls the very same code.
//
// It knows no protocol by name: nodes, codecs and disks are passed in. Of this
// module it may import protocols, protocols/state and network.
package tcp
