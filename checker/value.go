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

// reach makes a list long enough to have a place, all new places 0.
func reach[T any](list []T, place int32) []T {
	if missing := int(place) + 1 - len(list); missing > 0 {
		list = append(list, make([]T, missing)...)
	}
	return list
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
