package linear

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind says what an operation does to its key.
type Kind string

// The kinds of operation.
const (
	// Read returns the key's value.
	Read Kind = "read"
	// Write replaces the value; a write of the absent Value removes the key.
	Write Kind = "write"
	// CAS (compare-and-set) replaces the value by In if it is Expected.
	CAS Kind = "cas"
	// Append puts In behind the value; an absent value counts as "".
	Append Kind = "append"
	// Transfer takes Amount from the key, which holds a whole number, and adds
	// it to To, unless the key's would fall below zero or one holds no number.
	// Nothing counts as 0. If it looks at a third key, it does so in the same instant.
	Transfer Kind = "transfer"
	// Enqueue puts In at the end of a queue; Dequeue takes the oldest element
	// away and returns it, or the absent Value if there is none.
	Enqueue Kind = "enqueue"
	Dequeue Kind = "dequeue"
	// Acquire takes a lock for the session, and may return a fencing token;
	// Release gives it back.
	Acquire Kind = "acquire"
	Release Kind = "release"
	// Txn is a transaction on lists, as Lists tells. It is judged by
	// CheckTransactions (see History.Apart), not by a Model.
	Txn Kind = "transaction"
)

// Outcome is what the client learnt of its operation.
type Outcome string

// The outcomes.
const (
	// OK: the operation took effect once, between Invoke and Return, and
	// answered what Out or Swapped says.
	OK Outcome = "ok"
	// Fail: the operation surely did not and never will take effect.
	Fail Outcome = "fail"
	// Info: unknown. It took effect at some time after Invoke, perhaps long
	// after the client gave up, or not at all.
	Info Outcome = "info"
)

// Never is the Return of an operation whose client never heard of it again.
// It is allowed with the outcome Info only.
const Never int64 = math.MaxInt64

// Value is what a key holds. The zero Value is the absent one: nothing was
// written, or the key was removed. It differs from the present empty text.
type Value struct {
	Text    string
	Present bool
}

// Some returns the present Value with the given text.
func Some(text string) Value { return Value{Text: text, Present: true} }

// String returns the quoted text, or null.
func (v Value) String() string {
	if !v.Present {
		return "null"
	}
	return strconv.Quote(v.Text)
}

// Operation is one request of a client and what became of it.
type Operation struct {
	// ID is unique in its history.
	ID int
	// Session is the client; sessions need not be strictly sequential.
	Session uint64
	// Client is the client's name, "" if it has none.
	Client string
	// Node was asked, Side is the side of the partition that it was on; ""
	// if not known.
	Node, Side string
	// Key is "" where a history is about one register without a name.
	Key  string
	Kind Kind
	// Expected is what a CAS compares with.
	Expected Value
	// In is what a Write or CAS writes, an Append appends, an Enqueue enqueues.
	In Value
	// To is the second key of a Transfer, Amount what it moves, above 0.
	To     string
	Amount int64
	// Lists is what a Txn does. Of one that is not OK nobody knows what it read.
	Lists []ListOp
	// Look is a third key that a Transfer looks at, "" if it does not.
	Look string
	// Out is what a Read, Dequeue or Acquire with the outcome OK returned, and
	// what a Transfer that moved its amount found at Look.
	Out Value
	// Swapped tells whether a CAS with the outcome OK replaced the value, and
	// whether a Transfer moved the amount. A comparison that was made and failed
	// is OK and not Swapped; Fail says only that nothing was changed.
	Swapped bool
	// Invoke and Return bound the operation in virtual nanoseconds. The
	// interval is closed: operations that touch are concurrent. With Info,
	// Return is when the client gave up, or Never.
	Invoke, Return int64
	Outcome        Outcome
	// Error is the kind of error behind Fail or Info, "" if there is none.
	Error string
}

// History is what clients saw, in any order.
type History []Operation

// Keys returns the keys of the history, each once, in growing order.
func (h History) Keys() []string {
	seen := make(map[string]struct{})
	for i := range h {
		seen[h[i].Key] = struct{}{}
		if h[i].Kind == Transfer {
			seen[h[i].To] = struct{}{}
			if h[i].Look != "" {
				seen[h[i].Look] = struct{}{}
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Wants says what a Txn does, and Saw what it read, or that it did all.
func (o *Operation) Wants() string {
	var words []string
	for _, op := range o.Lists {
		switch {
		case op.Read:
			words = append(words, "read "+op.Key)
		default:
			words = append(words, "append "+op.Element+" to "+op.Key)
		}
	}
	return strings.Join(words, ", ")
}

// Saw is as Wants says.
func (o *Operation) Saw() string {
	var words []string
	for _, op := range o.Lists {
		if op.Read {
			words = append(words, told(op.Key, op.List))
		}
	}
	if words == nil {
		return "ok"
	}
	return strings.Join(words, ", ")
}

// Apart returns what is no transaction on lists, and what is.
func (h History) Apart() (single History, transactions []Transaction) {
	if !slices.ContainsFunc(h, func(op Operation) bool { return op.Kind == Txn }) {
		return h, nil
	}
	for _, op := range h {
		if op.Kind != Txn {
			single = append(single, op)
			continue
		}
		transactions = append(transactions, Transaction{
			ID: op.ID, Session: op.Session, Client: op.Client, Ops: op.Lists,
			Invoke: op.Invoke, Return: op.Return, Outcome: op.Outcome, Error: op.Error,
		})
	}
	return single, transactions
}

// Validate returns the first operation's fault that keeps the history from
// having a meaning: an ID used twice, a kind or outcome that does not exist, a
// return before the invocation, or a field that its kind does not have.
func (h History) Validate() error {
	seen := make(map[int]struct{}, len(h))
	for i := range h {
		if _, twice := seen[h[i].ID]; twice {
			return fmt.Errorf("operation %d: id used twice", h[i].ID)
		}
		seen[h[i].ID] = struct{}{}
		if err := h[i].validate(); err != nil {
			return fmt.Errorf("operation %d: %w", h[i].ID, err)
		}
	}
	return nil
}

func (o *Operation) validate() error {
	if !o.Kind.exists() {
		return fmt.Errorf("op %q, expected %s", o.Kind, expectedKinds)
	}
	switch o.Outcome {
	case OK, Fail, Info:
	default:
		return fmt.Errorf("outcome %q, expected ok, fail or info", o.Outcome)
	}
	switch {
	case o.Return < o.Invoke:
		return fmt.Errorf("return %d is before invoke %d", o.Return, o.Invoke)
	case o.Return == Never && o.Outcome != Info:
		return fmt.Errorf("never returned, yet its outcome is %s; expected info", o.Outcome)
	case (o.Kind == Append || o.Kind == Enqueue) && !o.In.Present:
		return fmt.Errorf("%s of null, expected a text", o.Kind)
	case (o.answers() || o.Kind == Release) && o.In != Value{}:
		return fmt.Errorf("%s has an input, %v", o.Kind.named(), o.In)
	case o.Kind == Acquire && o.Out.Present && !isToken(o.Out.Text):
		return fmt.Errorf("an acquire returned %v, expected an integer, its fencing token, or null", o.Out)
	case o.Kind != CAS && (o.Expected != Value{} || o.Swapped && o.Kind != Transfer):
		return fmt.Errorf("a %s has what only a cas has: an expected value or a swap", o.Kind)
	case len(o.Lists) > 0:
		return fmt.Errorf("a %s has what only a transaction has: lists", o.Kind)
	case o.Kind != Transfer && (o.To != "" || o.Amount != 0 || o.Look != ""):
		return fmt.Errorf("a %s has what only a transfer has: a second key, an amount or a key to look at", o.Kind)
	case o.Kind == Transfer && (o.In != Value{}):
		return fmt.Errorf("a transfer has an input, %v", o.In)
	case o.Kind == Transfer && (o.To == o.Key || o.Amount <= 0):
		return fmt.Errorf("a transfer of %d from %q to %q, expected an amount above 0 and two keys", o.Amount, o.Key, o.To)
	case o.Kind == Transfer && o.Look != "" && (o.Look == o.Key || o.Look == o.To):
		return fmt.Errorf("a transfer from %q to %q that looks at %q, expected a third key", o.Key, o.To, o.Look)
	case (!o.answers() && !o.looked() || o.Outcome != OK) && o.Out != Value{}:
		return fmt.Errorf("a %s with outcome %s has an output, %v", o.Kind, o.Outcome, o.Out)
	case o.Outcome != OK && o.Swapped:
		return fmt.Errorf("a %s with outcome %s has taken effect", o.Kind, o.Outcome)
	}
	for _, text := range [...]string{o.Client, o.Node, o.Side, o.Key, o.To, o.Look, o.Expected.Text, o.In.Text, o.Out.Text, o.Error} {
		if !utf8.ValidString(text) {
			return fmt.Errorf("%q is not UTF-8", text)
		}
	}
	return nil
}

// answers tells whether an operation is one that asks for a value.
func (o *Operation) answers() bool { return o.Kind == Read || o.Kind == Dequeue || o.Kind == Acquire }

// looked tells whether an operation is a transfer that has found out what another key holds.
func (o *Operation) looked() bool { return o.Kind == Transfer && o.Look != "" && o.Swapped }

// expectedKinds names all kinds in an error.
const expectedKinds = "read, write, cas, append, transfer, enqueue, dequeue, acquire or release"

// exists tells whether it is one of the kinds.
func (k Kind) exists() bool {
	switch k {
	case Read, Write, CAS, Append, Transfer, Enqueue, Dequeue, Acquire, Release:
		return true
	}
	return false
}

// named is the kind with its article.
func (k Kind) named() string {
	switch k {
	case Append, Enqueue, Acquire:
		return "an " + string(k)
	}
	return "a " + string(k)
}
