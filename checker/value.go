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

// reader finds the client's request in a Value. It remembers the last type
// seen: nearly all values of a run have one type.
type reader struct {
	last            reflect.Type
	client, request int // positions of the fields; -1: not a request
}

// read returns the request that a value stands for, client 0 if none.
func (r *reader) read(value any) request {
	switch v := value.(type) {
	case nil:
		return request{}
	case protocols.Requested:
		return request{v.Client, v.Request}
	}
	t := reflect.TypeOf(value)
	if t != r.last {
		r.learn(t)
	}
	if r.client < 0 {
		return request{}
	}
	v := reflect.ValueOf(value)
	return request{protocols.ClientID(v.Field(r.client).Uint()), v.Field(r.request).Uint()}
}

func (r *reader) learn(t reflect.Type) {
	r.last, r.client, r.request = t, -1, -1
	if t.Kind() != reflect.Struct {
		return
	}
	client, named := t.FieldByName("Client")
	number, numbered := t.FieldByName("Request")
	if !named || !numbered || len(client.Index) > 1 || len(number.Index) > 1 ||
		client.Type != reflect.TypeFor[protocols.ClientID]() || number.Type.Kind() != reflect.Uint64 {
		return
	}
	r.client, r.request = client.Index[0], number.Index[0]
}
