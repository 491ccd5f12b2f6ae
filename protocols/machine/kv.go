package machine

import (
	"fmt"
	"maps"

	"quorumlab/protocols"
)

// Op is the operation of a Command.
type Op string

// The operations of a KV.
const (
	// Get reads Key: Found tells whether it has a value, Value holds it.
	Get Op = "get"
	// Put writes Value to Key. Its result is the zero Result: a blind write
	// tells nothing of what was there before.
	Put Op = "put"
	// CAS (compare and swap) writes Value to Key if Key has the value
	// Expect; with Absent, if Key has no value at all (Expect is then
	// ignored). Without Absent it never writes to a key without a value,
	// not even when Expect is "". Swapped tells whether it wrote; Found and
	// Value tell what was there before, in either case.
	CAS Op = "cas"
	// Delete takes Key's value away: Found tells whether it had one.
	Delete Op = "delete"
	// Add adds the whole number in Value to that of Key, which is 0 if Key
	// has no value. It does nothing if Key holds no whole number, or if the
	// sum would be below zero or too large. Swapped tells whether it did it;
	// Found and Value tell what was there before.
	Add Op = "add"
	// Append puts Value at the end of the list that Key holds, whose elements
	// Separator parts. Like that of a Put its result is the zero Result.
	Append Op = "append"
)

// Separator stands between the elements of a list; no element holds it.
const Separator = " "

// Command is what a client asks of a KV.
type Command struct {
	Op    Op
	Key   string
	Value string
	// Expect and Absent are the condition of a CAS.
	Expect string
	Absent bool
}

// Size implements protocols.Sized.
func (c Command) Size() int { return len(c.Key) + len(c.Value) + len(c.Expect) }

// Result is what a KV answers; which fields are set depends on the Op.
type Result struct {
	Value   string
	Found   bool
	Swapped bool
	// Error tells what is wrong with a command that a KV cannot execute; the
	// other fields are then zero and nothing was changed.
	Error string
}

// KV is a state machine that maps keys to values. One key is a register.
type KV struct {
	Values map[string]string
}

// KVSnapshot is the record that KV.Snapshot returns.
type KVSnapshot struct {
	Values map[string]string
}

// NewKV returns an empty KV.
func NewKV() *KV { return &KV{Values: map[string]string{}} }

// Apply executes a Command and returns its Result, or a Transaction and returns
// its TransactionResult.
func (m *KV) Apply(command protocols.Command) protocols.Result { return apply(m, command) }

// values is what commands work on.
type values interface {
	get(key string) Result
	set(key, value string)
	// remove takes a key's value away, and reports whether it had one.
	remove(key string) bool
}

// nothing is the result of what tells nothing: made once, not for each Put.
var nothing protocols.Result = Result{}

// apply executes a Command or a Transaction.
func apply(m values, command protocols.Command) protocols.Result {
	switch c := command.(type) {
	case Command:
		if c.Op == Put {
			m.set(c.Key, c.Value)
			return nothing
		}
		return execute(m, c)
	case Transaction:
		return transact(m, c)
	default:
		return Result{Error: fmt.Sprintf("command is a %T, not a machine.Command", command)}
	}
}

func execute(m values, c Command) Result {
	switch c.Op {
	case Get:
		return m.get(c.Key)
	case Put:
		m.set(c.Key, c.Value)
		return Result{}
	case CAS:
		return compareAndSwap(m, c)
	case Delete:
		return Result{Found: m.remove(c.Key)}
	case Add:
		return add(m, c)
	case Append:
		if list := m.get(c.Key); list.Found {
			c.Value = list.Value + Separator + c.Value
		}
		m.set(c.Key, c.Value)
		return Result{}
	default:
		return Result{Error: fmt.Sprintf("no operation %q: known are get, put, cas, delete, add, append", string(c.Op))}
	}
}

// Query answers a Get.
func (m *KV) Query(command protocols.Command) (protocols.Result, bool) {
	c, ok := command.(Command)
	if !ok || c.Op != Get {
		return nil, false
	}
	return m.get(c.Key), true
}

// Snapshot returns all values, as a KVSnapshot.
func (m *KV) Snapshot() protocols.Record {
	return KVSnapshot{Values: maps.Clone(m.Values)}
}

// Restore replaces all values by those of a KVSnapshot, or by none if the
// snapshot is nil. A record of any other type is the caller's error and panics.
func (m *KV) Restore(snapshot protocols.Record) {
	switch snapshot := snapshot.(type) {
	case nil:
		m.Values = map[string]string{}
	case KVSnapshot:
		m.Values = make(map[string]string, len(snapshot.Values))
		maps.Copy(m.Values, snapshot.Values)
	default:
		panic(fmt.Sprintf("machine: snapshot of a KV is a %T", snapshot))
	}
}

func (m *KV) get(key string) Result {
	value, found := m.Values[key]
	return Result{Value: value, Found: found}
}

func (m *KV) set(key, value string) {
	if m.Values == nil { // a decoded or cloned empty map may be nil
		m.Values = map[string]string{}
	}
	m.Values[key] = value
}

func (m *KV) remove(key string) bool {
	_, found := m.Values[key]
	delete(m.Values, key)
	return found
}

func compareAndSwap(m values, c Command) Result {
	result := m.get(c.Key)
	if c.Absent {
		result.Swapped = !result.Found
	} else {
		result.Swapped = result.Found && result.Value == c.Expect
	}
	if result.Swapped {
		m.set(c.Key, c.Value)
	}
	return result
}
