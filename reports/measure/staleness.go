package measure

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"quorumlab/checker/linear"
)

// Read is how old what a read returned was.
type Read struct {
	ID int
	// K counts the writes that were acknowledged before the read began and are
	// newer than what it returned (k-staleness); 0: it was not stale.
	K int
	// Age is how long before the read the first of them was acknowledged
	// (t-staleness).
	Age int64
	// Since is how long before the read the latest write was acknowledged, and
	// Seen whether the read returned it or something that is not older
	// (t-visibility: Bailis et al., "Probabilistically Bounded Staleness", VLDB
	// 2012). Since is negative if there was none.
	Since int64
	Seen  bool
}

// Staleness tells of each read that was answered how old its answer was. One
// value is newer than another if its write was invoked after the other's had
// surely taken effect: had returned, or had been read. So it errs on the side of
// the store: of two concurrent writes neither counts as newer. Reads of which
// nobody can tell where their value is from (two writes wrote it) are left out,
// and so are keys that transfers or appends change.
func Staleness(history linear.History) []Read {
	keys := map[string]*keyHistory{}
	for i := range history {
		op := &history[i]
		at(keys, op.Key).take(op)
		if op.Kind == linear.Transfer {
			at(keys, op.To).murky = true
		}
	}
	var reads []Read
	for i := range history {
		op := &history[i]
		k := keys[op.Key]
		if op.Kind != linear.Read || op.Outcome != linear.OK || k.murky {
			continue
		}
		settled, known := k.settledOf(op.Out)
		if !known {
			continue
		}
		reads = append(reads, k.judge(op, settled))
	}
	slices.SortFunc(reads, func(a, b Read) int { return cmp.Compare(a.ID, b.ID) })
	return reads
}

// keyHistory is what staleness needs to know of one key.
type keyHistory struct {
	murky  bool // values come from elsewhere than writes
	acked  []*linear.Operation
	writes map[linear.Value]int   // how many wrote it, initial values apart
	effect map[linear.Value]int64 // when it had surely taken effect
}

func at(keys map[string]*keyHistory, key string) *keyHistory {
	if keys[key] == nil {
		keys[key] = &keyHistory{writes: map[linear.Value]int{}, effect: map[linear.Value]int64{}}
	}
	return keys[key]
}

func (k *keyHistory) take(op *linear.Operation) {
	written := op.Kind == linear.Write && op.Outcome != linear.Fail ||
		op.Kind == linear.CAS && (op.Swapped || op.Outcome == linear.Info)
	switch {
	case op.Kind == linear.Transfer || op.Kind == linear.Append:
		k.murky = true
	case written:
		k.writes[op.In]++
		if op.Outcome == linear.OK {
			k.acked = append(k.acked, op)
			k.tookEffect(op.In, op.Return)
		}
	case op.Kind == linear.Read && op.Outcome == linear.OK:
		for _, v := range valuesOf(op.Out) {
			k.tookEffect(v, op.Return)
		}
	}
}

func (k *keyHistory) tookEffect(v linear.Value, by int64) {
	if before, known := k.effect[v]; !known || by < before {
		k.effect[v] = by
	}
}

// valuesOf takes a read of siblings apart.
func valuesOf(v linear.Value) []linear.Value {
	if !v.Present || !strings.Contains(v.Text, linear.Siblings) {
		return []linear.Value{v}
	}
	var values []linear.Value
	for text := range strings.SplitSeq(v.Text, linear.Siblings) {
		values = append(values, linear.Some(text))
	}
	return values
}

// settledOf returns when what was read had surely taken effect: of siblings the
// latest. What nobody wrote had from the start.
func (k *keyHistory) settledOf(v linear.Value) (int64, bool) {
	latest := int64(math.MinInt64)
	for _, v := range valuesOf(v) {
		switch k.writes[v] {
		case 0:
		case 1:
			latest = max(latest, k.effect[v])
		default:
			return 0, false
		}
	}
	return latest, true
}

func (k *keyHistory) judge(read *linear.Operation, settled int64) Read {
	r := Read{ID: read.ID, Since: -1, Seen: true}
	for _, w := range k.acked {
		if w.Return >= read.Invoke {
			continue
		}
		missed := w.Invoke > settled
		if missed {
			r.K++
			r.Age = max(r.Age, read.Invoke-w.Return)
		}
		if since := read.Invoke - w.Return; r.Since < 0 || since < r.Since {
			r.Since, r.Seen = since, !missed
		}
	}
	return r
}

// Versions returns, for each key, its values in the order in which some node
// first held each: the order that an onlooker sees.
func Versions(holdings []Holding) map[string][]linear.Value {
	versions := map[string][]linear.Value{}
	for _, h := range holdings {
		if !h.Down && !slices.Contains(versions[h.Key], h.Value) {
			versions[h.Key] = append(versions[h.Key], h.Value)
		}
	}
	return versions
}

// StaleByVersion counts the reads that returned a value which was, in the order
// of versions, behind that of a write acknowledged before the read began; of is
// the number of reads whose value is a version. It is the onlooker's k-staleness.
func StaleByVersion(history linear.History, versions map[string][]linear.Value) (stale, of int) {
	type acked struct {
		at    int64
		place int
	}
	acks := map[string][]acked{}
	for i := range history {
		op := &history[i]
		if op.Kind == linear.Write && op.Outcome == linear.OK {
			if place := slices.Index(versions[op.Key], op.In); place >= 0 {
				acks[op.Key] = append(acks[op.Key], acked{op.Return, place})
			}
		}
	}
	for i := range history {
		op := &history[i]
		place := slices.Index(versions[op.Key], op.Out)
		if op.Kind != linear.Read || op.Outcome != linear.OK || place < 0 {
			continue
		}
		of++
		if slices.ContainsFunc(acks[op.Key], func(a acked) bool { return a.at < op.Invoke && a.place > place }) {
			stale++
		}
	}
	return stale, of
}
