package state_test

import (
	"fmt"
	"testing"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
)

// The types below hold, between them, every kind of plain data in every
// position where it may stand.

type role uint8

func (r role) String() string {
	if r > 2 {
		return "unknown"
	}
	return [...]string{"follower", "candidate", "leader"}[r]
}

type level string

func (l level) String() string { return "level " + string(l) }

type zxid uint64

func (z zxid) String() string { return fmt.Sprintf("%#x", uint64(z)) }

type delta int16

func (d delta) String() string { return fmt.Sprintf("%+d", int16(d)) }

type command interface{ isCommand() }

type put struct {
	Key   string
	Value []byte
}

type remove struct{ Key string }

func (put) isCommand()     {}
func (*remove) isCommand() {}

// proposal is a message like those of the hot path.
type proposal struct {
	Zxid     uint64
	From     uint16
	Session  int64
	Attempt  uint8
	Deadline time.Duration
	Command  protocols.Command
}

type Ballot struct {
	Round int32
	Self  uint16
}

type vote struct {
	Ballot // embedded, and with a field of the same name as its own
	Round  int64
	ID     uint32
}

type slot struct {
	Term   delta
	Names  [2]string
	Ballot Ballot
	Final  bool
}

type tree struct {
	Name     string
	Children []tree
	Index    map[string]tree
}

// labelled has a field that shows as "type".
type labelled struct {
	Type  string
	Inner any
}

type empty struct{}

type digest []byte

type node struct {
	Role     role
	Level    level
	Alive    bool
	Log      []any
	Votes    map[uint16]vote
	Sessions map[string]map[int64]any
	Slots    map[slot][]uint64
	Acks     map[zxid]empty
	Roles    []role
	Digests  [2]digest
	Grid     [2][2]int8
	Timeout  map[time.Duration]bool
	Pending  command
	Machine  any
	Tree     tree
	Flags    map[bool]string
	Limits   [3]uint32
}

// samples are zero values of all types that the codec of the tests knows.
var samples = []any{
	(*node)(nil), (*remove)(nil),
	put{},
	proposal{},
	vote{},
	slot{},
	tree{},
	labelled{},
	empty{},
	role(0), level(""), zxid(0), digest(nil), []put(nil), map[string]int8(nil),
	[2]bool{},
	time.Duration(0),
	remove{},
}

func newCodec(t testing.TB) *state.Codec {
	t.Helper()
	codec, err := state.NewCodec(samples...)
	if err != nil {
		t.Fatal(err)
	}
	return codec
}
