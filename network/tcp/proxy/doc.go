// Package proxy is a network that can be made to fail: TCP connections between
// nodes go through it, and it holds up, slows down or breaks them when told to. It
// needs no privileges, and neither end knows of it.
//
// A Mesh has a listener for each ordered pair of nodes: what node A dials to reach
// node B. What is sent from A to B goes over connections that A dialed, and back
// over those that B dialed; a fault from A to B strikes both:
//
//   - Cut holds up what goes one way. Bytes wait, as a network waits that loses
//     packets and sends them again; nothing that has not passed yet passes. After
//     Heal they go on, unless the ends have given up by then. A new connection
//     comes about (the proxy takes it), but no handshake gets through.
//   - Break closes all connections of two nodes, from both sides, at once.
//   - Slow delays what goes one way; Corrupt flips a bit of it.
//
// The package imports protocols, for the name of a node, and nothing else of this
// module.
package proxy
