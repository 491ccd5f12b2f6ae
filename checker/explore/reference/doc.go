// Package reference has small models whose exact numbers of states are known
// from other checkers (TLC and Stateright): if the explorer miscounts, they
// show it. They are also what its speed is measured with.
//
// Each is a specification that others published, named in its comment; what
// counts as a step is theirs too. TLC generates a successor once for each way to
// satisfy an action: for each quorum that allows it, stuttering steps included.
// Stateright takes for no step what neither sets the receiver's state nor sends
// anything, except on ordered networks, where the message is consumed.
//
// The package knows the explorer and nothing else of this module: it cannot
// share a mistake with the protocols.
package reference
