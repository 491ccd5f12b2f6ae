package linear

import (
	"fmt"
	"slices"
	"strings"
)

// Transactions on lists are judged by cycles, as Elle does (Kingsbury and
// Alvaro: Elle: inferring isolation anomalies from experimental observations,
// VLDB 2020). Each element is appended once, so that a list that was read tells
// in which order its elements came, and with that which transaction must come
// before which other one. What leads in a circle cannot be put in order; which
// links it needs tells how bad that is (Adya: Weak consistency, 1999).

// ListOp is an operation of a transaction: an append of Element to Key or, if
// Read, a read of Key that returned List.
type ListOp struct {
	Key     string
	Read    bool
	Element string
	List    []string
}

// Transaction is what one client asked in one go, and what became of it.
type Transaction struct {
	// ID is unique in its history.
	ID      int
	Session uint64
	Client  string // "" if it has no name
	Ops     []ListOp
	// Invoke, Return and Outcome are as in Operation. Of a transaction that is
	// not OK nobody knows what it read.
	Invoke, Return int64
	Outcome        Outcome
	Error          string
}

// Anomaly is a way in which transactions are not isolated.
type Anomaly string

// The anomalies. Those with circles are named as by Adya.
const (
	// Garbage: a read returned an element that nobody appended.
	Garbage Anomaly = "garbage-read"
	// Duplicate: a read returned an element twice.
	Duplicate Anomaly = "duplicate-element"
	// Incompatible: of two reads of a list neither is the beginning of the other.
	Incompatible Anomaly = "incompatible-order"
	// Internal: a transaction does not see what it did itself.
	Internal Anomaly = "internal"
	// G0: transactions that append to the same lists are interleaved.
	G0 Anomaly = "G0"
	// G1a: a read returned what an aborted transaction appended.
	G1a Anomaly = "G1a"
	// G1b: a read returned a list as it was in the midst of a transaction.
	G1b Anomaly = "G1b"
	// G1c: information flows in a circle.
	G1c Anomaly = "G1c"
	// GSingle: a transaction saw one thing from before another transaction and
	// one from after it (read skew, lost update).
	GSingle Anomaly = "G-single"
	// G2: a circle with two or more transactions that did not see what another
	// one of them did (write skew).
	G2 Anomaly = "G2"
	// RealTime: a circle only if what was over when something began comes before.
	RealTime Anomaly = "real-time"
)

// Level is an isolation level: the anomalies that it forbids.
type Level struct {
	Name    string
	Forbids []Anomaly
}

// Levels lists the levels, each of which forbids what those before it do.
func Levels() []Level {
	forbids := []Anomaly{Garbage, Duplicate, Incompatible, Internal, G0}
	levels := []Level{{Name: "read-uncommitted", Forbids: forbids}}
	for _, next := range []Level{
		{"read-committed", []Anomaly{G1a, G1b, G1c}},
		{"consistent-view", []Anomaly{GSingle}},
		{"serializable", []Anomaly{G2}},
		{"strict-serializable", []Anomaly{RealTime}},
	} {
		forbids = append(slices.Clip(forbids), next.Forbids...)
		levels = append(levels, Level{next.Name, forbids})
	}
	return levels
}

// TransactionsResult is the verdict on a history of transactions.
type TransactionsResult struct {
	// Found holds one of each kind of anomaly that there is, the worst first.
	Found []FoundAnomaly
	// Links counts what orders two transactions; if it is 0 nothing could have
	// led in a circle.
	Links int
}

// FoundAnomaly is an anomaly with what proves it.
type FoundAnomaly struct {
	Anomaly Anomaly
	// Witness holds the transactions that it takes, a shortest circle in its
	// order.
	Witness     []Transaction
	Explanation string
}

// Of returns the first anomaly found that a level forbids, nil if there is none.
func (r *TransactionsResult) Of(level Level) *FoundAnomaly {
	for i := range r.Found {
		if slices.Contains(level.Forbids, r.Found[i].Anomaly) {
			return &r.Found[i]
		}
	}
	return nil
}

// CheckTransactions looks for anomalies. What it finds is there; what nobody read
// it cannot see. An error means that the history is not valid.
func CheckTransactions(history []Transaction, clock Clock) (TransactionsResult, error) {
	if err := validateTransactions(history); err != nil {
		return TransactionsResult{}, err
	}
	l := newLists(history, clock)
	l.reads()
	l.orders()
	l.links()
	l.circles()
	slices.SortStableFunc(l.result.Found, func(a, b FoundAnomaly) int {
		all := Levels()[len(Levels())-1].Forbids
		return slices.Index(all, a.Anomaly) - slices.Index(all, b.Anomaly)
	})
	return l.result, nil
}

func validateTransactions(history []Transaction) error {
	ids := map[int]bool{}
	appended := map[element]int{}
	for i := range history {
		t := &history[i]
		switch {
		case ids[t.ID]:
			return fmt.Errorf("transaction %d: id used twice", t.ID)
		case t.Outcome != OK && t.Outcome != Fail && t.Outcome != Info:
			return fmt.Errorf("transaction %d: outcome %q, expected ok, fail or info", t.ID, t.Outcome)
		case t.Return < t.Invoke:
			return fmt.Errorf("transaction %d: return %d is before invoke %d", t.ID, t.Return, t.Invoke)
		case t.Return == Never && t.Outcome != Info:
			return fmt.Errorf("transaction %d: never returned, yet its outcome is %s; expected info", t.ID, t.Outcome)
		}
		ids[t.ID] = true
		for _, op := range t.Ops {
			if op.Read {
				continue
			}
			e := element{op.Key, op.Element}
			if other, twice := appended[e]; twice {
				return fmt.Errorf("transaction %d: %q is appended to %s again, after transaction %d; each element has to be new",
					t.ID, op.Element, nameOfKey(op.Key), other)
			}
			appended[e] = t.ID
		}
	}
	return nil
}

// element is one of a list.
type element struct{ key, text string }

// lists is a history of transactions being judged.
type lists struct {
	txns     []Transaction // by invocation
	clock    Clock
	appender map[element]int
	// last holds, by transaction and key, the last element that it appended.
	last  []map[string]string
	order map[string][]string // by key: the longest list that was read
	// unseen holds, by key, who appended what no list that was read holds, and is
	// known to be done: it comes behind all that was read.
	unseen map[string][]element
	out    [][]dependency
	result TransactionsResult
}

func newLists(history []Transaction, clock Clock) *lists {
	l := &lists{txns: slices.Clone(history), clock: clock, appender: map[element]int{}, order: map[string][]string{}, unseen: map[string][]element{}}
	slices.SortFunc(l.txns, func(a, b Transaction) int {
		if a.Invoke != b.Invoke {
			return int(min(max(a.Invoke-b.Invoke, -1), 1))
		}
		return a.ID - b.ID
	})
	l.last = make([]map[string]string, len(l.txns))
	l.out = make([][]dependency, len(l.txns))
	for i := range l.txns {
		l.last[i] = map[string]string{}
		for _, op := range l.txns[i].Ops {
			if !op.Read {
				l.appender[element{op.Key, op.Element}] = i
				l.last[i][op.Key] = op.Element
			}
		}
	}
	return l
}

// find records an anomaly, the first of its kind.
func (l *lists) find(anomaly Anomaly, explanation string, txns ...int) {
	if slices.ContainsFunc(l.result.Found, func(f FoundAnomaly) bool { return f.Anomaly == anomaly }) {
		return
	}
	found := FoundAnomaly{Anomaly: anomaly, Explanation: string(anomaly) + ": " + explanation}
	for _, i := range txns {
		found.Witness = append(found.Witness, l.txns[i])
	}
	l.result.Found = append(l.result.Found, found)
}

// reads looks at each read by itself.
func (l *lists) reads() {
	for i := range l.txns {
		t := &l.txns[i]
		if t.Outcome != OK {
			continue
		}
		before := map[string][]string{} // what it must see, by key
		exact := map[string]bool{}      // all of it, not just its end
		for _, op := range t.Ops {
			if !op.Read {
				before[op.Key] = append(slices.Clip(before[op.Key]), op.Element)
				continue
			}
			l.read(i, op)
			seen := before[op.Key]
			if exact[op.Key] && !slices.Equal(op.List, seen) ||
				len(op.List) < len(seen) || !slices.Equal(op.List[len(op.List)-len(seen):], seen) {
				l.find(Internal, fmt.Sprintf("%s read %s, but should have seen %s by what it did before",
					l.who(i), told(op.Key, op.List), told(op.Key, seen)), i)
			}
			before[op.Key], exact[op.Key] = op.List, true
		}
	}
}

// read looks at what one read returned.
func (l *lists) read(i int, op ListOp) {
	for at, text := range op.List {
		by, known := l.appender[element{op.Key, text}]
		switch {
		case !known:
			l.find(Garbage, fmt.Sprintf("%s read %s, and nobody appended %q", l.who(i), told(op.Key, op.List), text), i)
			continue
		case l.txns[by].Outcome == Fail:
			l.find(G1a, fmt.Sprintf("%s read %s, but %s, which appended %q, was aborted",
				l.who(i), told(op.Key, op.List), l.who(by), text), i, by)
		}
		if slices.Contains(op.List[:at], text) {
			l.find(Duplicate, fmt.Sprintf("%s read %s, with %q twice", l.who(i), told(op.Key, op.List), text), i)
		}
		if final := l.last[by][op.Key]; by != i && at == len(op.List)-1 && final != text {
			l.find(G1b, fmt.Sprintf("%s read %s, but %s, which appended %q, went on to append %q",
				l.who(i), told(op.Key, op.List), l.who(by), text, final), i, by)
		}
	}
}

// orders takes the longest list read of each key for its order.
func (l *lists) orders() {
	longest := map[string]int{}
	for i := range l.txns {
		if l.txns[i].Outcome != OK {
			continue
		}
		for _, op := range l.txns[i].Ops {
			if !op.Read {
				continue
			}
			known := l.order[op.Key]
			shared := min(len(known), len(op.List))
			if !slices.Equal(known[:shared], op.List[:shared]) {
				l.find(Incompatible, fmt.Sprintf("%s read %s, but %s read %s",
					l.who(longest[op.Key]), told(op.Key, known), l.who(i), told(op.Key, op.List)), longest[op.Key], i)
			}
			if len(op.List) > len(known) {
				l.order[op.Key], longest[op.Key] = op.List, i
			}
		}
	}
	l.unread()
}

// unread finds the appends that are done and that no read of a list shows.
func (l *lists) unread() {
	shown := map[element]bool{}
	for i := range l.txns {
		if l.txns[i].Outcome != OK {
			continue
		}
		for _, op := range l.txns[i].Ops {
			for _, text := range op.List {
				shown[element{op.Key, text}] = true
			}
		}
	}
	for i := range l.txns {
		if l.txns[i].Outcome != OK {
			continue
		}
		for _, op := range l.txns[i].Ops {
			if e := (element{op.Key, op.Element}); !op.Read && !shown[e] {
				l.unseen[op.Key] = append(l.unseen[op.Key], e)
			}
		}
	}
}

// who names a transaction.
func (l *lists) who(i int) string {
	t := &l.txns[i]
	name := t.Client
	if name == "" {
		name = fmt.Sprintf("client %d", t.Session)
	}
	return fmt.Sprintf("transaction %d of %s", t.ID, name)
}

func told(key string, list []string) string {
	return fmt.Sprintf("%s = [%s]", nameOfKey(key), strings.Join(list, " "))
}
