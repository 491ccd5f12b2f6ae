package checker

import (
	"reflect"

	"quorumlab/protocols"
)

// equal compares two values of notes. Mostly they are one and the same value,
// passed on from node to node, and comparable; only a value that holds a slice
// or a map takes the long way.
func equal(a, b any) (same bool) {
	defer func() {
		if recover() != nil { // == met a slice or a map
			same = reflect.DeepEqual(a, b)
		}
	}()
	return a == b
}

// request names what a client asked.
type request struct {
	client protocols.ClientID
	number uint64
}

// requestOf returns the request that a value stands for, client 0 if none.
func requestOf(value any) request {
	if v, ok := value.(protocols.Originated); ok {
		client, number := v.Origin()
		return request{client, number}
	}
	return request{}
}
